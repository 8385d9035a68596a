-- +goose Up
-- Admits: 6

-- What happened in each hour, on all replicas together. Sessions and users are counted now and then; NULL if
-- they have not been in that hour.
CREATE TABLE statistics (
    hour      timestamptz NOT NULL CONSTRAINT statistics_pkey PRIMARY KEY,
    sign_ins  bigint      NOT NULL DEFAULT 0,
    failures  bigint      NOT NULL DEFAULT 0,
    refreshes bigint      NOT NULL DEFAULT 0,
    refused   bigint      NOT NULL DEFAULT 0,
    sessions  bigint,
    users     bigint
);

-- Webhooks that fail are looked for among few rows.
CREATE INDEX hook_deliveries_failing ON hook_deliveries (tried_at) WHERE status <> 'delivered';

UPDATE roles SET scopes = '{profile,users:read,users:write,roles:read,roles:write,clients:read,clients:write,audit:read,hooks:read,hooks:write,keys:read,keys:write,stats:read,settings:read}'
WHERE name = 'ROLE_ADMIN';

-- +goose Down
UPDATE roles SET scopes = '{profile,users:read,users:write,roles:read,roles:write,clients:read,clients:write,audit:read}'
WHERE name = 'ROLE_ADMIN';
DROP INDEX hook_deliveries_failing;
DROP TABLE statistics;
