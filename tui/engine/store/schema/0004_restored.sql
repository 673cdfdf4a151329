-- What a relay that was put back from a backup is given again, and what is then sent again.

ALTER TABLE entries ADD COLUMN hash BLOB NOT NULL DEFAULT x'';   -- H(entry); empty: of before this column
ALTER TABLE entries ADD COLUMN sender BLOB NOT NULL DEFAULT x''; -- of a commit that was followed: whose access key

CREATE TABLE sent (                -- own messages in the log, as they were written; for 30 days
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    envelope    BLOB NOT NULL,
    PRIMARY KEY (circle, n)
) WITHOUT ROWID;

CREATE TABLE incarnations (        -- former ones of the log
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    incarnation BLOB NOT NULL,
    n           INTEGER NOT NULL,  -- up to here it is one with what followed
    PRIMARY KEY (circle, incarnation)
) WITHOUT ROWID;
