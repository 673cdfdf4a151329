-- What is missing and asked for, what shows that nothing is kept back, and logs that disagree.

ALTER TABLE messages ADD COLUMN counter INTEGER NOT NULL DEFAULT 0; -- own ones: of the present leaf
CREATE INDEX messages_by_counter ON messages (circle, counter) WHERE counter > 0;

ALTER TABLE circles ADD COLUMN numbered INTEGER NOT NULL DEFAULT 0;    -- own messages up to here are not known by counter
ALTER TABLE circles ADD COLUMN fresh_at INTEGER NOT NULL DEFAULT 0;    -- when another device last vouched for this log
ALTER TABLE circles ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;       -- an entry that is kept back, as was said; 0 for none
ALTER TABLE circles ADD COLUMN ahead_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE circles ADD COLUMN branch BLOB NOT NULL DEFAULT x'';       -- whose log is folded afresh, to come in again there
ALTER TABLE circles ADD COLUMN branch_end INTEGER NOT NULL DEFAULT 0;  -- the last entry of a log that was given up
UPDATE circles SET numbered = counter;

ALTER TABLE senders ADD COLUMN since INTEGER NOT NULL DEFAULT 0;       -- the entry by which its member came in, 0: before us

CREATE TABLE missing (             -- others' messages that were not shown, and may be sent again
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    leaf_key    BLOB NOT NULL,
    counter     INTEGER NOT NULL,
    position    INTEGER NOT NULL,  -- where it is shown, once it comes
    notice      INTEGER NOT NULL,  -- the row that says that it is missing
    whole       INTEGER NOT NULL,  -- how many that row speaks of; 0 where they are not all here
    shown       INTEGER NOT NULL,  -- 1: another of them has come, and was shown
    asked_at    INTEGER NOT NULL,
    asks        INTEGER NOT NULL,
    key         BLOB NOT NULL,     -- X25519, to which it was asked for; empty before
    PRIMARY KEY (circle, leaf_key, counter)
) WITHOUT ROWID;

CREATE TABLE forks (               -- heads that the relay signed, of another log than ours
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    leaf_key    BLOB NOT NULL,     -- whose device named it; empty: the relay itself
    member      BLOB NOT NULL,
    name        TEXT NOT NULL,
    n           INTEGER NOT NULL,
    head        BLOB NOT NULL,
    settled     INTEGER NOT NULL,  -- 1: a person chose our log; that device's heads are not compared
    PRIMARY KEY (circle, leaf_key)
) WITHOUT ROWID;
