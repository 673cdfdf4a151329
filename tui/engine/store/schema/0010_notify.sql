-- What this person wants to be told of a circle while they look elsewhere.

ALTER TABLE circles ADD COLUMN notify TEXT NOT NULL DEFAULT ''; -- off, mentions, all; empty: as the settings say
