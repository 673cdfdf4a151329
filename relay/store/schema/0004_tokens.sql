-- The operator's tokens, by their hash: each opens so many circles until its time is over. Which
-- circle one has opened is not kept.
CREATE TABLE token (
    hash BLOB PRIMARY KEY,
    uses INTEGER NOT NULL CHECK (uses >= 0), -- circles that it still opens
    until INTEGER NOT NULL                   -- milliseconds since 1970
) STRICT, WITHOUT ROWID;
