-- +goose Up

-- A session without a user belongs to a client that acts for itself (RFC 6749 section 4.4). Existing
-- sessions have never been refreshed. SQLite cannot drop NOT NULL from a column, so the table is created
-- again; no other table refers to it.
CREATE TABLE new_sessions (
    id             TEXT    NOT NULL PRIMARY KEY,
    family_id      BLOB    NOT NULL UNIQUE,
    user_id        TEXT    REFERENCES users ON DELETE CASCADE,
    user_epoch     INTEGER NOT NULL,
    client_id      TEXT    NOT NULL,
    scopes         TEXT    NOT NULL CHECK (json_valid(scopes)),
    address        TEXT    NOT NULL,
    user_agent     TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    last_used_at   INTEGER NOT NULL,
    idle_until     INTEGER NOT NULL,
    absolute_until INTEGER NOT NULL,
    revoked_at     INTEGER,
    revoked_reason TEXT,
    counter        INTEGER NOT NULL,
    rotated_at     INTEGER NOT NULL,
    repeats        INTEGER NOT NULL
) STRICT;
INSERT INTO new_sessions (id, family_id, user_id, user_epoch, client_id, scopes, address, user_agent,
    created_at, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason, counter, rotated_at, repeats)
SELECT id, family_id, user_id, user_epoch, client_id, scopes, address, user_agent,
    created_at, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason, 0, created_at, 0
FROM sessions;
DROP TABLE sessions;
ALTER TABLE new_sessions RENAME TO sessions;
CREATE INDEX sessions_user_id ON sessions (user_id);

-- When a session ended, or will end if it is not used again.
CREATE INDEX sessions_ended ON sessions (min(idle_until, absolute_until, coalesce(revoked_at, idle_until)));
CREATE INDEX sessions_client_id ON sessions (client_id) WHERE revoked_at IS NULL;

-- Lifetimes in seconds; 0 is the default of the service. Never drop this table: its foreign key would
-- delete the secrets.
ALTER TABLE clients ADD COLUMN session_idle INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN session_max INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE clients DROP COLUMN session_max;
ALTER TABLE clients DROP COLUMN session_idle;

-- Version 1 cannot store sessions without a user. They only last for minutes.
CREATE TABLE old_sessions (
    id             TEXT    NOT NULL PRIMARY KEY,
    family_id      BLOB    NOT NULL UNIQUE,
    user_id        TEXT    NOT NULL REFERENCES users ON DELETE CASCADE,
    user_epoch     INTEGER NOT NULL,
    client_id      TEXT    NOT NULL,
    scopes         TEXT    NOT NULL CHECK (json_valid(scopes)),
    address        TEXT    NOT NULL,
    user_agent     TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    last_used_at   INTEGER NOT NULL,
    idle_until     INTEGER NOT NULL,
    absolute_until INTEGER NOT NULL,
    revoked_at     INTEGER,
    revoked_reason TEXT
) STRICT;
INSERT INTO old_sessions (id, family_id, user_id, user_epoch, client_id, scopes, address, user_agent,
    created_at, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason)
SELECT id, family_id, user_id, user_epoch, client_id, scopes, address, user_agent,
    created_at, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason
FROM sessions WHERE user_id IS NOT NULL;
DROP TABLE sessions;
ALTER TABLE old_sessions RENAME TO sessions;
CREATE INDEX sessions_user_id ON sessions (user_id);
