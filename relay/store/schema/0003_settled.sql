-- Circles that came from another relay: what was told of them (crypto.access.settlement).
CREATE TABLE settlement (
    circle INTEGER PRIMARY KEY,
    base INTEGER NOT NULL,            -- the log is here from behind this entry on
    base_hash BLOB NOT NULL,
    n INTEGER NOT NULL,               -- the roster is of this entry
    hash BLOB NOT NULL,
    alone INTEGER NOT NULL,           -- whether nothing beyond n counts
    opened INTEGER NOT NULL,
    cap INTEGER NOT NULL,
    former_key BLOB NOT NULL,
    seats BLOB NOT NULL
) STRICT;
