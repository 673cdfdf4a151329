-- A person's devices: one that is not the first holds the member key's public half alone.

ALTER TABLE circles ADD COLUMN member_key BLOB NOT NULL DEFAULT x''; -- where member_seed is empty

CREATE TABLE linkings (            -- circles that another device of this person is to add this one to
    circle      BLOB PRIMARY KEY,  -- the circle's id
    name        TEXT NOT NULL,
    address     TEXT NOT NULL,
    pin         BLOB NOT NULL,
    relay_key   BLOB NOT NULL,
    member_key  BLOB NOT NULL,
    first_leaf  BLOB NOT NULL,     -- the leaf key of the device that adds this one
    person      TEXT NOT NULL,
    label       TEXT NOT NULL,
    leaf_seed   BLOB NOT NULL,
    access_seed BLOB NOT NULL,
    key_package BLOB NOT NULL,     -- with its private keys
    until       INTEGER NOT NULL,  -- when it is waited for no longer
    not_before  INTEGER NOT NULL
) WITHOUT ROWID;
