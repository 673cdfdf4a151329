-- What was said, to be found again. Kept by triggers, so that nothing stays here that has gone there.
-- hallway_spaced is a function of the program's: it parts writing that knows no spaces.

CREATE TABLE searchable (
    number      INTEGER PRIMARY KEY,       -- the row of `found`; in the order in which they came
    circle      INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    id          BLOB NOT NULL,
    UNIQUE (circle, id)
);

CREATE VIRTUAL TABLE found USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO found (found, rank) VALUES ('secure-delete', 1);

INSERT INTO searchable (circle, id)
    SELECT circle, id FROM messages WHERE type != 0 AND text != '' ORDER BY logged_at, position;
INSERT INTO found (rowid, text)
    SELECT number, hallway_spaced(text) FROM searchable JOIN messages USING (circle, id);

CREATE TRIGGER messages_come AFTER INSERT ON messages WHEN NEW.type != 0 AND NEW.text != '' BEGIN
    INSERT INTO searchable (circle, id) VALUES (NEW.circle, NEW.id);
    INSERT INTO found (rowid, text)
        SELECT number, hallway_spaced(NEW.text) FROM searchable
        WHERE circle = NEW.circle AND id = NEW.id;
END;

CREATE TRIGGER messages_change AFTER UPDATE OF text ON messages WHEN OLD.text != NEW.text BEGIN
    DELETE FROM searchable WHERE circle = OLD.circle AND id = OLD.id;
    INSERT INTO searchable (circle, id)
        SELECT NEW.circle, NEW.id WHERE NEW.type != 0 AND NEW.text != '';
    INSERT INTO found (rowid, text)
        SELECT number, hallway_spaced(NEW.text) FROM searchable
        WHERE circle = NEW.circle AND id = NEW.id;
END;

CREATE TRIGGER messages_go AFTER DELETE ON messages BEGIN
    DELETE FROM searchable WHERE circle = OLD.circle AND id = OLD.id;
END;

CREATE TRIGGER searchable_goes AFTER DELETE ON searchable BEGIN
    DELETE FROM found WHERE rowid = OLD.number;
END;
