-- Blobs that are whole. Their bytes are in files beside this one (relay.store.blobs).
CREATE TABLE blob (
    circle INTEGER NOT NULL,
    hash BLOB NOT NULL,
    size INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (circle, hash)
) STRICT, WITHOUT ROWID;
