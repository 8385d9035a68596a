-- +goose Up
-- Admits: 6

-- What happened in each hour, on all replicas together. Sessions and users are counted now and then; NULL if
-- they have not been in that hour.
CREATE TABLE statistics (
    hour      INTEGER NOT NULL PRIMARY KEY,
    sign_ins  INTEGER NOT NULL DEFAULT 0,
    failures  INTEGER NOT NULL DEFAULT 0,
    refreshes INTEGER NOT NULL DEFAULT 0,
    refused   INTEGER NOT NULL DEFAULT 0,
    sessions  INTEGER,
    users     INTEGER
) STRICT;

-- Webhooks that fail are looked for among few rows.
CREATE INDEX hook_deliveries_failing ON hook_deliveries (tried_at) WHERE status <> 'delivered';

UPDATE roles SET scopes = '["profile","users:read","users:write","roles:read","roles:write","clients:read","clients:write","audit:read","hooks:read","hooks:write","keys:read","keys:write","stats:read","settings:read"]'
WHERE name = 'ROLE_ADMIN';

-- +goose Down
UPDATE roles SET scopes = '["profile","users:read","users:write","roles:read","roles:write","clients:read","clients:write","audit:read"]'
WHERE name = 'ROLE_ADMIN';
DROP INDEX hook_deliveries_failing;
DROP TABLE statistics;
