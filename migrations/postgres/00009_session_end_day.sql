-- +goose Up
-- Admits: 8

-- A refresh moves the end of a session. An index on it made each refresh write an entry into every index of
-- the table. The day seldom changes; then PostgreSQL writes only the row, next to the old one if its page has
-- room. This rewrites the table. A program of version 8 reads all of it for a purge.
DROP INDEX sessions_ended;
ALTER TABLE sessions SET (fillfactor = 90);
ALTER TABLE sessions ADD COLUMN ends_on date NOT NULL
    GENERATED ALWAYS AS ((LEAST(idle_until, absolute_until, revoked_at) AT TIME ZONE 'UTC')::date) STORED;
CREATE INDEX sessions_ends_on ON sessions (ends_on);

-- +goose Down
ALTER TABLE sessions DROP COLUMN ends_on;
ALTER TABLE sessions RESET (fillfactor);
CREATE INDEX sessions_ended ON sessions (LEAST(idle_until, absolute_until, revoked_at));
