package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// clientColumns are what scanClient reads, of a clients row called c. The secrets stand in three
// arrays of one order.
const clientColumns = `c.id, c.name, c.public, c.first_party, c.grants, c.scopes, c.audiences,
	c.access_ttl, c.session_idle, c.session_max, c.active, c.created_at,
	ARRAY(SELECT hash FROM client_secrets WHERE client_id = c.id ` + newestFirst + `),
	ARRAY(SELECT created_at FROM client_secrets WHERE client_id = c.id ` + newestFirst + `),
	ARRAY(SELECT expires_at FROM client_secrets WHERE client_id = c.id ` + newestFirst + `)`

// newestFirst is the order of a client's secrets. Of two made in one second, that which has been
// given an end is the older.
const newestFirst = `ORDER BY created_at DESC, expires_at DESC NULLS FIRST, hash`

func scanClient(row pgx.CollectableRow) (oauth.Client, error) {
	var c oauth.Client
	var ttl, idle, longest int64
	var hashes [][]byte
	var created, expires []*time.Time
	err := row.Scan(&c.ID, &c.Name, &c.Public, &c.FirstParty, &c.Grants, &c.Scopes, &c.Audiences,
		&ttl, &idle, &longest, &c.Active, &c.CreatedAt, &hashes, &created, &expires)
	c.AccessTTL, c.SessionIdle, c.SessionMax = duration(ttl), duration(idle), duration(longest)
	c.CreatedAt = c.CreatedAt.UTC()
	for i, hash := range hashes {
		c.Secrets = append(c.Secrets, oauth.ClientSecret{Hash: hash, CreatedAt: utc(created[i]), ExpiresAt: utc(expires[i])})
	}
	return c, err
}

var createClient = noted(`changed AS (
		INSERT INTO clients (id, name, public, first_party, grants, scopes, audiences,
			access_ttl, session_idle, session_max, active, created_at)
		VALUES ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id),
	given AS (
		INSERT INTO client_secrets (client_id, hash, created_at, expires_at)
		SELECT changed.id, secret.* FROM changed, unnest($15::bytea[], $16::timestamptz[], $17::timestamptz[]) AS secret)`,
	`SELECT FROM changed`)

// CreateClient implements oauth.ClientStore.
func (s *Store) CreateClient(ctx context.Context, c oauth.Client, n audit.Note) error {
	hashes := make([][]byte, len(c.Secrets))
	created := make([]time.Time, len(c.Secrets))
	expires := make([]*time.Time, len(c.Secrets))
	for i, secret := range c.Secrets {
		hashes[i], created[i], expires[i] = secret.Hash, whole(secret.CreatedAt), wholeOrNull(secret.ExpiresAt)
	}
	return s.execOne(ctx, createClient, keep(n, c.ID, c.Name, c.Public, c.FirstParty, list(c.Grants), list(c.Scopes), list(c.Audiences),
		life(&c.AccessTTL), life(&c.SessionIdle), life(&c.SessionMax), c.Active, whole(c.CreatedAt), hashes, created, expires)...)
}

const clientByID = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id = $1`

// ClientByID implements oauth.ClientStore.
func (s *Store) ClientByID(ctx context.Context, id string) (oauth.Client, error) {
	return one(ctx, s, scanClient, clientByID, id)
}

const listClients = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id > $1 ORDER BY c.id LIMIT $2`

// ListClients implements oauth.ClientStore.
func (s *Store) ListClients(ctx context.Context, after string, limit int) ([]oauth.Client, error) {
	return all(ctx, s, scanClient, listClients, after, max(limit, 0))
}

// A parameter that is NULL leaves its column as it is.
var updateClient = noted(`changed AS (
		UPDATE clients SET name = COALESCE($4, name), first_party = COALESCE($5, first_party),
			grants = COALESCE($6, grants), scopes = COALESCE($7, scopes), audiences = COALESCE($8, audiences),
			access_ttl = COALESCE($9, access_ttl), session_idle = COALESCE($10, session_idle),
			session_max = COALESCE($11, session_max), active = COALESCE($12, active)
		WHERE id = $3 RETURNING id)`,
	`SELECT FROM changed`)

// Sessions may name a client that has no row; they are not the business of who looks for one.
var endClient = `
	UPDATE sessions s SET revoked_at = $1, revoked_reason = $2
	WHERE s.client_id = $3 AND EXISTS (SELECT FROM clients WHERE id = $3) AND ` + live("$1")

// UpdateClient implements oauth.ClientStore.
func (s *Store) UpdateClient(ctx context.Context, id string, p oauth.ClientPatch, now time.Time, n audit.Note) error {
	batch := &pgx.Batch{}
	batch.Queue(updateClient, keep(n, id, p.Name, p.FirstParty, listOrNull(p.Grants), listOrNull(p.Scopes), listOrNull(p.Audiences),
		life(p.AccessTTL), life(p.SessionIdle), life(p.SessionMax), p.Active)...)
	if p.Active != nil && !*p.Active {
		batch.Queue(lockClientSessions, id)
		batch.Queue(endClient, whole(now), oauth.EndedByClient, id)
	}
	return found(s.execBatch(ctx, batch, 0))
}

const lockClient = `SELECT FROM clients WHERE id = $1 FOR UPDATE`

var deleteClient = noted(`changed AS (DELETE FROM clients WHERE id = $3 RETURNING id)`, `SELECT FROM changed`)

// DeleteClient implements oauth.ClientStore. The secrets go with the row that they refer to.
func (s *Store) DeleteClient(ctx context.Context, id string, now time.Time, n audit.Note) error {
	batch := &pgx.Batch{}
	batch.Queue(lockClient, id)
	batch.Queue(lockClientSessions, id)
	batch.Queue(endClient, whole(now), oauth.EndedByClient, id)
	batch.Queue(deleteClient, keep(n, id)...)
	return found(s.execBatch(ctx, batch, 3))
}

var rotateSecret = noted(`newest AS (SELECT hash FROM client_secrets WHERE client_id = $3 `+newestFirst+` LIMIT 1),
	gone AS (DELETE FROM client_secrets WHERE client_id = $3 AND hash NOT IN (SELECT hash FROM newest)),
	ending AS (
		UPDATE client_secrets SET expires_at = LEAST(expires_at, $7)
		WHERE client_id = $3 AND hash IN (SELECT hash FROM newest)),
	changed AS (
		INSERT INTO client_secrets (client_id, hash, created_at, expires_at)
		SELECT id, $4::bytea, $5::timestamptz, $6::timestamptz FROM clients WHERE id = $3 RETURNING client_id)`,
	`SELECT FROM changed`)

// RotateClientSecret implements oauth.ClientStore. The lock lets two rotations come one after the
// other: the second sees the secret of the first.
func (s *Store) RotateClientSecret(ctx context.Context, id string, secret oauth.ClientSecret, until time.Time, n audit.Note) error {
	batch := &pgx.Batch{}
	batch.Queue(lockClient, id)
	batch.Queue(rotateSecret, keep(n, id, secret.Hash, whole(secret.CreatedAt), wholeOrNull(secret.ExpiresAt), whole(until))...)
	return found(s.execBatch(ctx, batch, 1))
}

// life is a duration as the store keeps it; duration gives it back.
func life(d *time.Duration) *int64 {
	if d == nil {
		return nil
	}
	n := int64(*d / time.Second)
	return &n
}

func duration(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

// listOrNull is a list that may be left as it is, which is not the empty one.
func listOrNull(s *[]string) any {
	if s == nil {
		return nil
	}
	return list(*s)
}
