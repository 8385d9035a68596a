-- +goose Up
-- Admits: 6

-- Sessions that ended while access tokens of theirs may have been valid, for APIs that check tokens by
-- themselves. Rows are deleted when these tokens have expired. A row gets its position after the commit of
-- the change that ended the session.
CREATE TABLE ended_sessions (
    session_id TEXT    NOT NULL PRIMARY KEY,
    rotated_at INTEGER NOT NULL,
    position   INTEGER UNIQUE
) STRICT;
CREATE INDEX ended_sessions_unpublished ON ended_sessions (session_id) WHERE position IS NULL;

-- A trigger misses no statement that ends sessions, whoever runs it. Sessions are also deleted a day after
-- their end, which is nothing new; only the deletion of a user ends sessions by deleting them.
-- +goose StatementBegin
CREATE TRIGGER sessions_revoked AFTER UPDATE OF revoked_at ON sessions
WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
BEGIN
    INSERT OR IGNORE INTO ended_sessions (session_id, rotated_at) VALUES (OLD.id, OLD.rotated_at);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions
WHEN OLD.revoked_at IS NULL AND OLD.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = OLD.user_id)
BEGIN
    INSERT OR IGNORE INTO ended_sessions (session_id, rotated_at) VALUES (OLD.id, OLD.rotated_at);
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER sessions_deleted;
DROP TRIGGER sessions_revoked;
DROP TABLE ended_sessions;
