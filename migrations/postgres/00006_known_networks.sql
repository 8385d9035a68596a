-- +goose Up

-- MACs of users and of the networks from which they have signed in. There is no foreign key: the rows
-- contain no user, and expire by themselves.
CREATE TABLE known_networks (
    mac        bytea       NOT NULL CONSTRAINT known_networks_pkey PRIMARY KEY,
    owner      bytea       NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX known_networks_owner ON known_networks (owner, expires_at);
CREATE INDEX known_networks_expires_at ON known_networks (expires_at);

-- The live sessions of a client that were created before a time have ended. A row remains until that is
-- written into each of them, in batches. The client may be deleted by then.
CREATE TABLE ended_clients (
    client_id text        NOT NULL COLLATE "C" CONSTRAINT ended_clients_pkey PRIMARY KEY,
    ended_at  timestamptz NOT NULL
);

-- +goose Down
UPDATE sessions s SET revoked_at = e.ended_at, revoked_reason = 'client_disabled'
FROM ended_clients e
WHERE e.client_id = s.client_id AND s.created_at < e.ended_at AND s.revoked_at IS NULL
    AND e.ended_at < s.idle_until AND e.ended_at < s.absolute_until;
DROP TABLE ended_clients;
DROP TABLE known_networks;
