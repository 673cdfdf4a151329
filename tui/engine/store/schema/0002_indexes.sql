-- What is asked after each input costs the same in a long conversation as in a short one.

CREATE INDEX entries_with_bodies ON entries (time) WHERE body IS NOT NULL;

CREATE INDEX messages_of_others ON messages (circle, position)
    WHERE state = 'received' AND type != 0;
