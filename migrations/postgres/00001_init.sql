-- +goose Up

-- Keys are compared by bytes (COLLATE "C"). The program creates the canonical form, and a locale must
-- not change which names are equal or how they are ordered.
CREATE TABLE users (
    id             uuid        NOT NULL CONSTRAINT users_pkey PRIMARY KEY,
    username       text        NOT NULL,
    username_key   text        NOT NULL COLLATE "C" CONSTRAINT users_username_key UNIQUE,
    email          text        NOT NULL,
    email_key      text        NOT NULL COLLATE "C" CONSTRAINT users_email_key UNIQUE,
    email_verified boolean     NOT NULL,
    active         boolean     NOT NULL,
    name           text        NOT NULL,
    picture        text        NOT NULL,
    password_hash  text        NOT NULL,
    epoch          bigint      NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
CREATE INDEX users_created_at_id ON users (created_at, id);

CREATE TABLE roles (
    id      bigint  GENERATED ALWAYS AS IDENTITY CONSTRAINT roles_pkey PRIMARY KEY,
    name    text    NOT NULL COLLATE "C" CONSTRAINT roles_name_key UNIQUE,
    scopes  text[]  NOT NULL,
    builtin boolean NOT NULL DEFAULT FALSE
);
INSERT INTO roles (name, scopes, builtin) VALUES
    ('ROLE_USER', '{profile}', TRUE),
    ('ROLE_MODERATOR', '{profile,users:read}', TRUE),
    ('ROLE_ADMIN', '{profile,users:read,users:write,roles:read,roles:write,clients:read,clients:write,audit:read}', TRUE);

CREATE TABLE users_to_roles (
    user_id uuid   NOT NULL CONSTRAINT users_to_roles_user_id_fkey REFERENCES users ON DELETE CASCADE,
    role_id bigint NOT NULL CONSTRAINT users_to_roles_role_id_fkey REFERENCES roles ON DELETE CASCADE,
    CONSTRAINT users_to_roles_pkey PRIMARY KEY (user_id, role_id)
);
CREATE INDEX users_to_roles_role_id ON users_to_roles (role_id);

CREATE TABLE clients (
    id          text        NOT NULL COLLATE "C" CONSTRAINT clients_pkey PRIMARY KEY,
    name        text        NOT NULL,
    public      boolean     NOT NULL,
    first_party boolean     NOT NULL,
    grants      text[]      NOT NULL,
    scopes      text[]      NOT NULL,
    audiences   text[]      NOT NULL,
    access_ttl  bigint      NOT NULL, -- seconds
    active      boolean     NOT NULL,
    created_at  timestamptz NOT NULL
);

CREATE TABLE client_secrets (
    client_id  text        NOT NULL COLLATE "C" REFERENCES clients ON DELETE CASCADE,
    hash       bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT client_secrets_pkey PRIMARY KEY (client_id, hash)
);

-- client_id has no foreign key, because the built-in public client need not have a row.
CREATE TABLE sessions (
    id             uuid        NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY,
    family_id      bytea       NOT NULL CONSTRAINT sessions_family_id_key UNIQUE,
    user_id        uuid        NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
    user_epoch     bigint      NOT NULL,
    client_id      text        NOT NULL COLLATE "C",
    scopes         text[]      NOT NULL,
    address        text        NOT NULL,
    user_agent     text        NOT NULL,
    created_at     timestamptz NOT NULL,
    last_used_at   timestamptz NOT NULL,
    idle_until     timestamptz NOT NULL,
    absolute_until timestamptz NOT NULL,
    revoked_at     timestamptz,
    revoked_reason text
);
CREATE INDEX sessions_user_id ON sessions (user_id);

CREATE TABLE signing_keys (
    id          text        NOT NULL COLLATE "C" CONSTRAINT signing_keys_pkey PRIMARY KEY,
    generation  bigint      NOT NULL CONSTRAINT signing_keys_generation_key UNIQUE,
    algorithm   text        NOT NULL,
    public      bytea       NOT NULL,
    sealed      bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    signs_from  timestamptz NOT NULL,
    signs_until timestamptz
);

CREATE TABLE throttle (
    key bytea          NOT NULL CONSTRAINT throttle_pkey PRIMARY KEY,
    tat timestamptz(3) NOT NULL
);
CREATE INDEX throttle_tat ON throttle (tat);

-- +goose Down
DROP TABLE throttle;
DROP TABLE signing_keys;
DROP TABLE sessions;
DROP TABLE client_secrets;
DROP TABLE clients;
DROP TABLE users_to_roles;
DROP TABLE roles;
DROP TABLE users;
