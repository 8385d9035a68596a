-- +goose Up

-- MACs of users and of the networks from which they have signed in. There is no foreign key: the rows
-- contain no user, and expire by themselves.
CREATE TABLE known_networks (
    mac        BLOB    NOT NULL PRIMARY KEY,
    owner      BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX known_networks_owner ON known_networks (owner, expires_at);
CREATE INDEX known_networks_expires_at ON known_networks (expires_at);

-- The live sessions of a client that were created before a time have ended. A row remains until that is
-- written into each of them, in batches. The client may be deleted by then.
CREATE TABLE ended_clients (
    client_id TEXT    NOT NULL PRIMARY KEY,
    ended_at  INTEGER NOT NULL
) STRICT;

-- +goose Down
UPDATE sessions SET revoked_at = e.ended_at, revoked_reason = 'client_disabled'
FROM ended_clients e
WHERE e.client_id = sessions.client_id AND sessions.created_at < e.ended_at AND sessions.revoked_at IS NULL
    AND e.ended_at < sessions.idle_until AND e.ended_at < sessions.absolute_until;
DROP TABLE ended_clients;
DROP TABLE known_networks;
