-- Circles that move to another relay.

ALTER TABLE incarnations ADD COLUMN key BLOB NOT NULL DEFAULT x''; -- the relay's; empty: the present one's

CREATE TABLE moves (               -- until this device is at the relay to which a circle has moved
    circle      INTEGER PRIMARY KEY REFERENCES circles ON DELETE CASCADE,
    by          TEXT NOT NULL,     -- who moved it
    at          INTEGER NOT NULL,
    brings      INTEGER NOT NULL,  -- 1: this device brings the circle there; 2: and no relay ordered that
    token       TEXT
);
