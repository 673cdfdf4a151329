-- What is done to messages: reactions, edits, taking back; replies and mentions.

ALTER TABLE messages ADD COLUMN reply BLOB NOT NULL DEFAULT x'';         -- the id of the message that it answers
ALTER TABLE messages ADD COLUMN me INTEGER NOT NULL DEFAULT 0;           -- 1: said of its author
ALTER TABLE messages ADD COLUMN mentions INTEGER NOT NULL DEFAULT 0;     -- 1: another's, and it names this person
ALTER TABLE messages ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;       -- 1: `text` is that of the last edit
ALTER TABLE messages ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;      -- 1: taken back; `text` and `body` are empty
ALTER TABLE messages ADD COLUMN deeds INTEGER NOT NULL DEFAULT 0;        -- 1: something was done to it
CREATE INDEX messages_that_answer ON messages (circle, reply) WHERE reply != x'';
CREATE INDEX messages_that_mention ON messages (circle, position) WHERE mentions = 1;

CREATE TABLE deeds (               -- the last of each kind that a member did to a message
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    target      BLOB NOT NULL,     -- the message's id
    author      BLOB NOT NULL,
    type        INTEGER NOT NULL,
    slot        TEXT NOT NULL,     -- a reaction's emoji, an edit's id
    position    INTEGER NOT NULL,  -- as a message's
    id          BLOB NOT NULL,
    author_name TEXT NOT NULL,
    at          INTEGER NOT NULL,
    body        BLOB NOT NULL,
    counter     INTEGER NOT NULL,  -- own ones: of the present leaf
    waits       INTEGER NOT NULL,  -- 1: its message is not here
    PRIMARY KEY (circle, target, author, type, slot)
) WITHOUT ROWID;
CREATE INDEX deeds_that_pin ON deeds (circle, target) WHERE type = 10;
CREATE INDEX deeds_by_id ON deeds (circle, id);
CREATE INDEX deeds_by_counter ON deeds (circle, counter) WHERE counter > 0;
CREATE INDEX deeds_that_wait ON deeds (circle, author, position) WHERE waits = 1;
