-- +goose Up

-- NULL with active FALSE means disabled without an end.
ALTER TABLE users ADD COLUMN disabled_until timestamptz;

-- A list of the few users who are inactive or unverified must not read all the others.
CREATE INDEX users_inactive ON users (created_at, id) WHERE NOT active;
CREATE INDEX users_email_verified ON users (email_verified, created_at, id);

-- A copy of users.created_at, which never changes. It makes a page of the users of a role one range of
-- one index.
ALTER TABLE users_to_roles ADD COLUMN user_created_at timestamptz;
UPDATE users_to_roles SET user_created_at = u.created_at FROM users u WHERE u.id = user_id;
ALTER TABLE users_to_roles ALTER COLUMN user_created_at SET NOT NULL;
DROP INDEX users_to_roles_role_id;
CREATE INDEX users_to_roles_page ON users_to_roles (role_id, user_created_at, user_id);

-- No foreign keys: an event remains when its actor or target is deleted.
CREATE TABLE audit_events (
    id         uuid        NOT NULL CONSTRAINT audit_events_pkey PRIMARY KEY,
    at         timestamptz NOT NULL,
    action     text        NOT NULL,
    outcome    text        NOT NULL,
    reason     text        NOT NULL,
    actor      text        NOT NULL,
    actor_id   text        NOT NULL COLLATE "C",
    client_id  text        NOT NULL,
    target     text        NOT NULL,
    target_id  text        NOT NULL COLLATE "C",
    address    text        NOT NULL,
    user_agent text        NOT NULL,
    request_id text        NOT NULL
);
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_action ON audit_events (action, at, id);
CREATE INDEX audit_events_actor_id ON audit_events (actor_id, at, id);
CREATE INDEX audit_events_target_id ON audit_events (target_id, at, id);

CREATE TABLE one_time_tokens (
    hash       bytea       NOT NULL CONSTRAINT one_time_tokens_pkey PRIMARY KEY,
    purpose    text        NOT NULL,
    user_id    uuid        NOT NULL CONSTRAINT one_time_tokens_user_id_fkey REFERENCES users ON DELETE CASCADE,
    email      text        NOT NULL,
    email_key  text        NOT NULL COLLATE "C",
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT one_time_tokens_user_id_purpose_key UNIQUE (user_id, purpose)
);
CREATE INDEX one_time_tokens_expires_at ON one_time_tokens (expires_at);

CREATE TABLE outbox (
    id           uuid        NOT NULL CONSTRAINT outbox_pkey PRIMARY KEY,
    kind         text        NOT NULL,
    payload      text        NOT NULL, -- JSON, as it was given
    created_at   timestamptz NOT NULL,
    not_before   timestamptz NOT NULL,
    leased_until timestamptz,
    attempts     bigint      NOT NULL,
    last_error   text        NOT NULL
);
CREATE INDEX outbox_due ON outbox (not_before, created_at, id);

CREATE TABLE hooks (
    id         uuid        NOT NULL CONSTRAINT hooks_pkey PRIMARY KEY,
    url        text        NOT NULL,
    events     text[]      NOT NULL,
    active     boolean     NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE hook_deliveries (
    id         uuid        NOT NULL CONSTRAINT hook_deliveries_pkey PRIMARY KEY,
    hook_id    uuid        NOT NULL CONSTRAINT hook_deliveries_hook_id_fkey REFERENCES hooks ON DELETE CASCADE,
    event      text        NOT NULL,
    body       bytea       NOT NULL,
    status     text        NOT NULL,
    attempts   bigint      NOT NULL,
    response   bigint      NOT NULL,
    error      text        NOT NULL,
    created_at timestamptz NOT NULL,
    tried_at   timestamptz NOT NULL
);
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
