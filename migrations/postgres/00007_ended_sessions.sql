-- +goose Up
-- Admits: 6

-- Sessions that ended while access tokens of theirs may have been valid, for APIs that check tokens by
-- themselves. Rows are deleted when these tokens have expired. A row gets its position after the commit of
-- the change that ended the session, so that positions become visible in their order.
CREATE TABLE ended_sessions (
    session_id uuid        NOT NULL CONSTRAINT ended_sessions_pkey PRIMARY KEY,
    rotated_at timestamptz NOT NULL,
    position   bigint      CONSTRAINT ended_sessions_position_key UNIQUE
);
CREATE INDEX ended_sessions_unpublished ON ended_sessions (session_id) WHERE position IS NULL;

-- A trigger misses no statement that ends sessions, whoever runs it. Sessions are also deleted a day after
-- their end, which is nothing new; only the deletion of a user ends sessions by deleting them.
-- +goose StatementBegin
CREATE FUNCTION record_ended_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR NOT EXISTS (SELECT FROM users WHERE id = OLD.user_id) THEN
        INSERT INTO ended_sessions (session_id, rotated_at) VALUES (OLD.id, OLD.rotated_at) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER sessions_revoked AFTER UPDATE OF revoked_at ON sessions FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION record_ended_session();
CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND OLD.user_id IS NOT NULL) EXECUTE FUNCTION record_ended_session();

-- +goose Down
DROP TRIGGER sessions_deleted ON sessions;
DROP TRIGGER sessions_revoked ON sessions;
DROP FUNCTION record_ended_session();
DROP TABLE ended_sessions;
