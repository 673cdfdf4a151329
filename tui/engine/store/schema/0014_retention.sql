-- The shortest time, in seconds, for which the circle has ever wanted messages kept: a relay is not
-- to blame for what is gone after that.
ALTER TABLE circles ADD COLUMN retention INTEGER NOT NULL DEFAULT 2592000;
