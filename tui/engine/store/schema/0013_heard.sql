-- How far others have read, as they say it where a circle wants that shown.

CREATE TABLE heard (
    circle INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    member BLOB NOT NULL,
    before INTEGER NOT NULL,              -- they have read all messages before this position
    PRIMARY KEY (circle, member)
);
