-- How many seconds messages and files of a circle that came from another relay were to be kept there.
ALTER TABLE settlement ADD COLUMN retention INTEGER NOT NULL DEFAULT 2592000;
