-- One row, made when the file is: who this relay is.
CREATE TABLE relay (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    key BLOB NOT NULL                 -- seed of the Ed25519 pair that signs heads
) STRICT;

CREATE TABLE circle (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    access_key BLOB NOT NULL,         -- the founder's
    cap INTEGER NOT NULL,
    time INTEGER NOT NULL,
    incarnation BLOB NOT NULL,
    swept INTEGER NOT NULL DEFAULT 0, -- the highest n that is gone
    freed INTEGER NOT NULL DEFAULT 0  -- bytes of the bodies that are gone
) STRICT;

-- A table in the order of arrival, which appends to its last page whatever the circle; clustered
-- by (circle, n) it would touch a page a circle with whole bodies in it.
CREATE TABLE entry (
    place INTEGER PRIMARY KEY,
    circle INTEGER NOT NULL,
    n INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    time INTEGER NOT NULL,
    sender BLOB NOT NULL,
    idempotency_id BLOB NOT NULL,
    entry_hash BLOB NOT NULL,
    chain BLOB NOT NULL,
    total INTEGER NOT NULL,           -- bytes of bodies and side data up to and with this entry
    side_data BLOB NOT NULL,
    body BLOB                         -- NULL once it is gone
) STRICT;
CREATE UNIQUE INDEX entry_by_n ON entry (circle, n);
CREATE UNIQUE INDEX entry_by_idempotency_id ON entry (circle, idempotency_id);
CREATE INDEX entry_turn ON entry (circle, n) WHERE kind <> 1;

CREATE TABLE attachment (
    place INTEGER PRIMARY KEY,
    circle INTEGER NOT NULL,
    hash BLOB NOT NULL,
    time INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX attachment_by_hash ON attachment (circle, hash);

CREATE TABLE invite (
    id BLOB PRIMARY KEY,
    circle INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
    circle INTEGER NOT NULL,
    access_key BLOB NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (circle, access_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE beat (
    circle INTEGER NOT NULL,
    access_key BLOB NOT NULL,
    time INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (circle, access_key)
) STRICT, WITHOUT ROWID;
