-- Whom this person has compared words with, and circles whose silence was let be.

CREATE TABLE verified (
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    member      BLOB NOT NULL,
    leaves      BLOB NOT NULL,     -- the signature keys of their devices at that time, 32 bytes each
    at          INTEGER NOT NULL,
    PRIMARY KEY (circle, member)
) WITHOUT ROWID;

ALTER TABLE circles ADD COLUMN rested_at INTEGER NOT NULL DEFAULT 0; -- when this person last said to let it rest
