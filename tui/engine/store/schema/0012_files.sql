-- Sealed files on their way: handed in here and not at the relay yet, or fetched from there.

CREATE TABLE files (
    number    INTEGER PRIMARY KEY,
    circle    INTEGER NOT NULL REFERENCES circles ON DELETE CASCADE,
    id        BLOB NOT NULL,             -- its message's
    way       TEXT NOT NULL,             -- new: being handed in; up, down; here: fetched and compared
    reference BLOB NOT NULL,             -- what opens it; empty while it is new
    at        INTEGER NOT NULL,          -- when it was begun, or was here
    held      INTEGER NOT NULL,          -- sealed bytes that are here
    UNIQUE (circle, id)
);

CREATE TABLE chunks (
    file      INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    n         INTEGER NOT NULL,
    sealed    BLOB NOT NULL,
    PRIMARY KEY (file, n)
);

CREATE TRIGGER files_taken_back AFTER UPDATE OF deleted ON messages WHEN NEW.deleted = 1 BEGIN
    DELETE FROM files WHERE circle = NEW.circle AND id = NEW.id;
END;
