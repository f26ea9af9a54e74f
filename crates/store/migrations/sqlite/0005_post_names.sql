-- The name that whoever submitted a post gave it, with the hash of what was asked for under it: never one without the other.
ALTER TABLE posts ADD COLUMN name TEXT;
ALTER TABLE posts ADD COLUMN body_hash TEXT CONSTRAINT post_name_has_its_body CHECK ((name IS NULL) = (body_hash IS NULL));

CREATE UNIQUE INDEX posts_by_name ON posts (workspace, name) WHERE name IS NOT NULL;
