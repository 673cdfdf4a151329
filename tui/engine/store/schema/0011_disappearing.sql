-- Messages that go after a while, as their authors said with them.

ALTER TABLE messages ADD COLUMN goes_at INTEGER NOT NULL DEFAULT 0;  -- milliseconds since 1970; 0: it stays
CREATE INDEX messages_that_go ON messages (circle, goes_at) WHERE goes_at > 0;
ALTER TABLE deeds ADD COLUMN goes_at INTEGER NOT NULL DEFAULT 0;     -- of an edit: as its message's
CREATE INDEX deeds_that_go ON deeds (circle, goes_at) WHERE goes_at > 0;
