-- +goose Up

-- Times are Unix seconds, lists are JSON arrays, booleans are 0 or 1.
CREATE TABLE users (
    id             TEXT    NOT NULL PRIMARY KEY,
    username       TEXT    NOT NULL,
    username_key   TEXT    NOT NULL UNIQUE,
    email          TEXT    NOT NULL,
    email_key      TEXT    NOT NULL UNIQUE,
    email_verified INTEGER NOT NULL,
    active         INTEGER NOT NULL,
    name           TEXT    NOT NULL,
    picture        TEXT    NOT NULL,
    password_hash  TEXT    NOT NULL,
    epoch          INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX users_created_at_id ON users (created_at, id);

CREATE TABLE roles (
    id      INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    scopes  TEXT    NOT NULL CHECK (json_valid(scopes)),
    builtin INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO roles (name, scopes, builtin) VALUES
    ('ROLE_USER', '["profile"]', 1),
    ('ROLE_MODERATOR', '["profile","users:read"]', 1),
    ('ROLE_ADMIN', '["profile","users:read","users:write","roles:read","roles:write","clients:read","clients:write","audit:read"]', 1);

CREATE TABLE users_to_roles (
    user_id TEXT    NOT NULL REFERENCES users ON DELETE CASCADE,
    role_id INTEGER NOT NULL REFERENCES roles ON DELETE CASCADE,
    PRIMARY KEY (user_id, role_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX users_to_roles_role_id ON users_to_roles (role_id);

CREATE TABLE clients (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    public      INTEGER NOT NULL,
    first_party INTEGER NOT NULL,
    grants      TEXT    NOT NULL CHECK (json_valid(grants)),
    scopes      TEXT    NOT NULL CHECK (json_valid(scopes)),
    audiences   TEXT    NOT NULL CHECK (json_valid(audiences)),
    access_ttl  INTEGER NOT NULL, -- seconds
    active      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE client_secrets (
    client_id  TEXT    NOT NULL REFERENCES clients ON DELETE CASCADE,
    hash       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (client_id, hash)
) STRICT, WITHOUT ROWID;

-- client_id has no foreign key, because the built-in public client need not have a row.
CREATE TABLE sessions (
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
CREATE INDEX sessions_user_id ON sessions (user_id);

CREATE TABLE signing_keys (
    id          TEXT    NOT NULL PRIMARY KEY,
    generation  INTEGER NOT NULL UNIQUE,
    algorithm   TEXT    NOT NULL,
    public      BLOB    NOT NULL,
    sealed      BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    signs_from  INTEGER NOT NULL,
    signs_until INTEGER
) STRICT;

CREATE TABLE throttle (
    key BLOB    NOT NULL PRIMARY KEY,
    tat INTEGER NOT NULL -- unix milliseconds
) STRICT, WITHOUT ROWID;
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
