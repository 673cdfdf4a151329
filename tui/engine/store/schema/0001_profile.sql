-- A profile: its circles, what was said in them, and what is under way.
-- Times are milliseconds since 1970. `circle` is circles.number.

CREATE TABLE circles (
    number      INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    topic       TEXT NOT NULL,
    status      TEXT NOT NULL,     -- founding, active, stopped, evicted, left, removed
    sentence    TEXT NOT NULL,     -- why it is stopped, or how it ended
    address     TEXT NOT NULL,
    pin         BLOB NOT NULL,
    relay_key   BLOB NOT NULL,
    token       TEXT,
    member_seed BLOB NOT NULL,
    leaf_seed   BLOB NOT NULL,
    access_seed BLOB NOT NULL,
    person      TEXT NOT NULL,
    label       TEXT NOT NULL,
    cap         INTEGER NOT NULL,
    chairs      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    since       INTEGER NOT NULL,  -- the entry that brought this device in, 0 for the founder
    incarnation BLOB NOT NULL,
    n           INTEGER NOT NULL,  -- the newest entry folded
    chain       BLOB NOT NULL,     -- h(n)
    handshake   INTEGER NOT NULL,  -- the newest commit entry, valid or not
    head        BLOB NOT NULL,     -- the newest signed head that fits the chain, or empty
    sub         INTEGER NOT NULL,  -- rows that entry n has given so far
    counter     INTEGER NOT NULL,  -- of this leaf's newest message
    newest      BLOB NOT NULL,     -- its id
    covered     INTEGER NOT NULL,  -- up to where another member's head covers the log
    confirmed   INTEGER NOT NULL,
    issuer      BLOB NOT NULL,     -- who has to confirm; empty for the founder
    admitter    BLOB NOT NULL,     -- who may pass history on; empty for the founder
    arrival     BLOB NOT NULL,     -- the leaf's first encryption key, for what is passed on to it
    refreshed_at INTEGER NOT NULL,
    said        INTEGER NOT NULL,  -- messages since this leaf's keys were last made fresh
    stuck_at    INTEGER NOT NULL,  -- the commit entry that could not be followed, 0 for none
    left_at     INTEGER NOT NULL,  -- the entry by which this member left, -1 while that waits
    read_position INTEGER NOT NULL,
    draft       TEXT NOT NULL
);

CREATE TABLE groups (              -- changes with each epoch
    circle      INTEGER PRIMARY KEY REFERENCES circles ON DELETE CASCADE,
    epoch       BLOB NOT NULL
);

CREATE TABLE ratchets (            -- changes with each message
    circle      INTEGER PRIMARY KEY REFERENCES circles ON DELETE CASCADE,
    state       BLOB NOT NULL
);

CREATE TABLE intentions (          -- what is to be committed, in order
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    wish        BLOB NOT NULL,
    not_before  INTEGER NOT NULL
);
CREATE INDEX intentions_of_circle ON intentions (circle, number);

CREATE TABLE pending (             -- the one commit whose place in the log is not known yet
    circle      INTEGER PRIMARY KEY REFERENCES circles ON DELETE CASCADE,
    intention   INTEGER NOT NULL,
    idempotency BLOB NOT NULL,
    frame       BLOB NOT NULL,
    side_data   BLOB NOT NULL,
    proposals   BLOB NOT NULL,
    snapshot    BLOB NOT NULL,
    blobs       BLOB NOT NULL
);

CREATE TABLE outbox (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    id          BLOB NOT NULL,
    envelope    BLOB NOT NULL,
    epoch       INTEGER NOT NULL,  -- that `frame` was made in, -1 for none yet
    idempotency BLOB NOT NULL,
    frame       BLOB NOT NULL
);
CREATE INDEX outbox_of_circle ON outbox (circle, seq);

CREATE TABLE entries (             -- the log as it was shown; bodies for a week
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    chain       BLOB NOT NULL,
    body        BLOB,
    side_data   BLOB,
    PRIMARY KEY (circle, n)
) WITHOUT ROWID;

CREATE TABLE messages (
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    position    INTEGER NOT NULL,  -- n * 65536 + place within entry n; own ones that wait: last
    id          BLOB NOT NULL,
    n           INTEGER NOT NULL,
    author      BLOB NOT NULL,
    author_name TEXT NOT NULL,
    hue         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    logged_at   INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    text        TEXT NOT NULL,
    type        INTEGER NOT NULL,
    body        BLOB NOT NULL,
    state       TEXT NOT NULL,
    passed_by   TEXT NOT NULL,
    PRIMARY KEY (circle, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX messages_by_id ON messages (circle, id);

CREATE TABLE requests (            -- who waits at the door, and devices that want to come in again
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    invite      BLOB NOT NULL,     -- empty: a device that wants to come in again
    access_key  BLOB NOT NULL,
    name        TEXT NOT NULL,
    line        TEXT NOT NULL,
    invited_by  TEXT NOT NULL,
    sent_at     INTEGER NOT NULL,
    due         INTEGER NOT NULL,  -- when this device answers by itself
    asks        INTEGER NOT NULL,
    content     BLOB NOT NULL,
    PRIMARY KEY (circle, n)
) WITHOUT ROWID;

CREATE TABLE invites (             -- codes of one's own
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    id          BLOB NOT NULL,
    secret      BLOB NOT NULL,
    address     TEXT NOT NULL,
    came_in     TEXT NOT NULL,     -- names, one a line
    PRIMARY KEY (circle, id)
) WITHOUT ROWID;

CREATE TABLE senders (             -- each leaf's chain of messages, as far as it was read
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    leaf_key    BLOB NOT NULL,
    counter     INTEGER NOT NULL,
    newest      BLOB NOT NULL,
    PRIMARY KEY (circle, leaf_key)
) WITHOUT ROWID;

CREATE TABLE leavers (
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    member      BLOB NOT NULL,
    access_key  BLOB NOT NULL,
    signature   BLOB NOT NULL,
    PRIMARY KEY (circle, member)
) WITHOUT ROWID;

CREATE TABLE beacons (             -- former beacon keys
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    key         BLOB NOT NULL,
    until       INTEGER NOT NULL,
    PRIMARY KEY (circle, key)
) WITHOUT ROWID;

CREATE TABLE joinings (            -- where this person is coming in
    entry       TEXT PRIMARY KEY,
    phase       TEXT NOT NULL,     -- asking, probing
    secret      BLOB NOT NULL,
    address     TEXT NOT NULL,
    card        BLOB NOT NULL,
    person      TEXT NOT NULL,
    label       TEXT NOT NULL,
    member_seed BLOB NOT NULL,
    leaf_seed   BLOB NOT NULL,
    access_seed BLOB NOT NULL,
    key_package BLOB NOT NULL,
    request     BLOB NOT NULL,
    idempotency BLOB NOT NULL,
    ordered     INTEGER NOT NULL,  -- 1: the request was sent, 2: it is in the log
    ended       TEXT NOT NULL      -- why the invite is no good any more, unless it let this one in
) WITHOUT ROWID;

CREATE TABLE rejoinings (          -- an own request to come in again
    circle      INTEGER PRIMARY KEY REFERENCES circles ON DELETE CASCADE,
    leaf_seed   BLOB NOT NULL,
    access_seed BLOB NOT NULL,
    key_package BLOB NOT NULL,
    body        BLOB NOT NULL,
    idempotency BLOB NOT NULL,
    n           INTEGER NOT NULL,  -- its entry, 0 until it is ordered
    arrived     INTEGER NOT NULL   -- the entry that let this device in again, 0 until then
);
