-- +goose Up

-- A session without a user belongs to a client that acts for itself (RFC 6749 section 4.4). Existing
-- sessions have never been refreshed.
ALTER TABLE sessions
    ALTER COLUMN user_id DROP NOT NULL,
    ADD COLUMN counter    bigint NOT NULL DEFAULT 0,
    ADD COLUMN rotated_at timestamptz,
    ADD COLUMN repeats    bigint NOT NULL DEFAULT 0;
UPDATE sessions SET rotated_at = created_at;
ALTER TABLE sessions
    ALTER COLUMN counter DROP DEFAULT,
    ALTER COLUMN rotated_at SET NOT NULL,
    ALTER COLUMN repeats DROP DEFAULT;

-- When a session ended, or will end if it is not used again.
CREATE INDEX sessions_ended ON sessions (LEAST(idle_until, absolute_until, revoked_at));
CREATE INDEX sessions_client_id ON sessions (client_id) WHERE revoked_at IS NULL;

-- Lifetimes in seconds; 0 is the default of the service.
ALTER TABLE clients
    ADD COLUMN session_idle bigint NOT NULL DEFAULT 0,
    ADD COLUMN session_max  bigint NOT NULL DEFAULT 0;
ALTER TABLE clients
    ALTER COLUMN session_idle DROP DEFAULT,
    ALTER COLUMN session_max DROP DEFAULT;

-- +goose Down
ALTER TABLE clients
    DROP COLUMN session_idle,
    DROP COLUMN session_max;

-- Version 1 cannot store sessions without a user. They only last for minutes.
DELETE FROM sessions WHERE user_id IS NULL;
DROP INDEX sessions_client_id;
DROP INDEX sessions_ended;
ALTER TABLE sessions
    ALTER COLUMN user_id SET NOT NULL,
    DROP COLUMN counter,
    DROP COLUMN rotated_at,
    DROP COLUMN repeats;
