-- Each time a log was put back from a backup; `complete` once it is as whole again as it gets.
CREATE TABLE restart (
    place INTEGER PRIMARY KEY,
    circle INTEGER NOT NULL,
    before BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    time INTEGER NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX restart_by_circle ON restart (circle, place);
