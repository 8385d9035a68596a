-- +goose Up

-- NULL with active 0 means disabled without an end.
ALTER TABLE users ADD COLUMN disabled_until INTEGER;

-- A list of the few users who are inactive or unverified must not read all the others.
CREATE INDEX users_inactive ON users (created_at, id) WHERE NOT active;
CREATE INDEX users_email_verified ON users (email_verified, created_at, id);

-- A copy of users.created_at, which never changes. It makes a page of the users of a role one range of
-- one index.
ALTER TABLE users_to_roles ADD COLUMN user_created_at INTEGER NOT NULL DEFAULT 0;
UPDATE users_to_roles SET user_created_at = (SELECT created_at FROM users WHERE id = user_id);
DROP INDEX users_to_roles_role_id;
CREATE INDEX users_to_roles_page ON users_to_roles (role_id, user_created_at, user_id);

-- No foreign keys: an event remains when its actor or target is deleted.
CREATE TABLE audit_events (
    id         TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    action     TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    actor_id   TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    target_id  TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    user_agent TEXT    NOT NULL,
    request_id TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_action ON audit_events (action, at, id);
CREATE INDEX audit_events_actor_id ON audit_events (actor_id, at, id);
CREATE INDEX audit_events_target_id ON audit_events (target_id, at, id);

CREATE TABLE one_time_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    user_id    TEXT    NOT NULL REFERENCES users ON DELETE CASCADE,
    email      TEXT    NOT NULL,
    email_key  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (user_id, purpose)
) STRICT;
CREATE INDEX one_time_tokens_expires_at ON one_time_tokens (expires_at);

CREATE TABLE outbox (
    id           TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    payload      TEXT    NOT NULL, -- JSON, as it was given
    created_at   INTEGER NOT NULL,
    not_before   INTEGER NOT NULL,
    leased_until INTEGER,
    attempts     INTEGER NOT NULL,
    last_error   TEXT    NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (not_before, created_at, id);

CREATE TABLE hooks (
    id         TEXT    NOT NULL PRIMARY KEY,
    url        TEXT    NOT NULL,
    events     TEXT    NOT NULL CHECK (json_valid(events)),
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE hook_deliveries (
    id         TEXT    NOT NULL PRIMARY KEY,
    hook_id    TEXT    NOT NULL REFERENCES hooks ON DELETE CASCADE,
    event      TEXT    NOT NULL,
    body       BLOB    NOT NULL,
    status     TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    response   INTEGER NOT NULL,
    error      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    tried_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX hook_deliveries_page ON hook_deliveries (hook_id, created_at, id);
CREATE INDEX hook_deliveries_tried_at ON hook_deliveries (tried_at);

-- +goose Down
DROP TABLE hook_deliveries;
DROP TABLE hooks;
DROP TABLE outbox;
DROP TABLE one_time_tokens;
DROP TABLE audit_events;
DROP INDEX users_to_roles_page;
ALTER TABLE users_to_roles DROP COLUMN user_created_at;
CREATE INDEX users_to_roles_role_id ON users_to_roles (role_id);
DROP INDEX users_email_verified;
DROP INDEX users_inactive;
ALTER TABLE users DROP COLUMN disabled_until;
