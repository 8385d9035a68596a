package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// clientColumns are the columns of the clients row c that scanClient reads. The last three are arrays
// in the order of store.NewestFirst: one element for each secret.
const clientColumns = `c.id, c.name, c.public, c.first_party, c.grants, c.scopes, c.audiences,
	c.access_ttl, c.session_idle, c.session_max, c.active, c.created_at,
	c.token_algorithm, c.token_key, c.next_token_key, c.next_token_key_from, c.claims,
	ARRAY(SELECT hash FROM client_secrets WHERE client_id = c.id ` + store.NewestFirst + `),
	ARRAY(SELECT created_at FROM client_secrets WHERE client_id = c.id ` + store.NewestFirst + `),
	ARRAY(SELECT expires_at FROM client_secrets WHERE client_id = c.id ` + store.NewestFirst + `)`

func scanClient(row pgx.CollectableRow) (oauth.Client, error) {
	var c oauth.Client
	var accessTTL, sessionIdle, sessionMax int64
	var hashes [][]byte
	var created, expires []*time.Time
	var nextFrom *time.Time
	err := row.Scan(&c.ID, &c.Name, &c.Public, &c.FirstParty, &c.Grants, &c.Scopes, &c.Audiences,
		&accessTTL, &sessionIdle, &sessionMax, &c.Active, &c.CreatedAt,
		&c.TokenAlgorithm, &c.TokenKeys.Current, &c.TokenKeys.Next, &nextFrom, &c.Claims, &hashes, &created, &expires)
	c.AccessTTL, c.SessionIdle, c.SessionMax = duration(accessTTL), duration(sessionIdle), duration(sessionMax)
	c.CreatedAt, c.TokenKeys.NextFrom = c.CreatedAt.UTC(), utcOrZero(nextFrom)
	for i, hash := range hashes {
		c.Secrets = append(c.Secrets, oauth.ClientSecret{Hash: hash, CreatedAt: utcOrZero(created[i]), ExpiresAt: utcOrZero(expires[i])})
	}
	return c, err
}

var createClient = withRecord(`changed AS (
		INSERT INTO clients (id, name, public, first_party, grants, scopes, audiences,
			access_ttl, session_idle, session_max, active, created_at,
			token_algorithm, token_key, next_token_key, next_token_key_from, claims)
		VALUES ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $18, $19, $20, $21, $22) RETURNING id),
	secrets AS (
		INSERT INTO client_secrets (client_id, hash, created_at, expires_at)
		SELECT changed.id, secret.* FROM changed, unnest($15::bytea[], $16::timestamptz[], $17::timestamptz[]) AS secret)`,
	`SELECT FROM changed`)

// CreateClient implements oauth.ClientStore.
func (s *Store) CreateClient(ctx context.Context, c oauth.Client, change audit.Change) error {
	hashes := make([][]byte, len(c.Secrets))
	created := make([]time.Time, len(c.Secrets))
	expires := make([]*time.Time, len(c.Secrets))
	for i, secret := range c.Secrets {
		hashes[i], created[i], expires[i] = secret.Hash, storedTime(secret.CreatedAt), storedTimeOrNull(secret.ExpiresAt)
	}
	return s.execOne(ctx, createClient, recordArgs(change, c.ID, c.Name, c.Public, c.FirstParty, nonNil(c.Grants), nonNil(c.Scopes), nonNil(c.Audiences),
		storedSeconds(&c.AccessTTL), storedSeconds(&c.SessionIdle), storedSeconds(&c.SessionMax), c.Active, storedTime(c.CreatedAt), hashes, created, expires,
		c.TokenAlgorithm, c.TokenKeys.Current, c.TokenKeys.Next, storedTimeOrNull(c.TokenKeys.NextFrom), c.Claims)...)
}

const clientsByID = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id = ANY($1::text[])`

func (s *Store) newClientReads() *reads[oauth.Client] {
	id := func(c oauth.Client) string { return c.ID }
	return newReads(s, store.RememberedClients, clientsByID, scanClient, id, func(ids []string) any { return filledUp(ids) })
}

// ClientByID implements oauth.ClientStore.
func (s *Store) ClientByID(ctx context.Context, id string) (oauth.Client, error) {
	return s.clients.byID(ctx, id)
}

const listClients = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id > $1 ORDER BY c.id LIMIT $2`

// ListClients implements oauth.ClientStore.
func (s *Store) ListClients(ctx context.Context, after string, limit int) ([]oauth.Client, error) {
	return queryAll(ctx, s, scanClient, listClients, after, max(limit, 0))
}

// A NULL parameter leaves its column unchanged.
var updateClient = withRecord(`changed AS (
		UPDATE clients SET name = COALESCE($4, name), first_party = COALESCE($5, first_party),
			grants = COALESCE($6, grants), scopes = COALESCE($7, scopes), audiences = COALESCE($8, audiences),
			access_ttl = COALESCE($9, access_ttl), session_idle = COALESCE($10, session_idle),
			session_max = COALESCE($11, session_max), active = COALESCE($12, active),
			token_algorithm = COALESCE($13, token_algorithm), claims = COALESCE($14, claims)
		WHERE id = $3 RETURNING id)`,
	`SELECT FROM changed`)

// UpdateClient implements oauth.ClientStore.
func (s *Store) UpdateClient(ctx context.Context, id string, p oauth.ClientPatch, now time.Time, change audit.Change) error {
	batch := &pgx.Batch{}
	if p.Active != nil && !*p.Active {
		queueEndClient(batch, id, now)
	}
	batch.Queue(updateClient, recordArgs(change, id, p.Name, p.FirstParty, listOrNull(p.Grants), listOrNull(p.Scopes), listOrNull(p.Audiences),
		storedSeconds(p.AccessTTL), storedSeconds(p.SessionIdle), storedSeconds(p.SessionMax), p.Active,
		p.TokenAlgorithm, p.Claims)...)
	return requireRows(s.execBatch(ctx, batch, batch.Len()-1))
}

const lockClient = `SELECT FROM clients WHERE id = $1 FOR UPDATE`

var deleteClient = withRecord(`changed AS (DELETE FROM clients WHERE id = $3 RETURNING id)`, `SELECT FROM changed`)

// DeleteClient implements oauth.ClientStore. A foreign key deletes the secrets.
func (s *Store) DeleteClient(ctx context.Context, id string, now time.Time, change audit.Change) error {
	batch := &pgx.Batch{}
	queueEndClient(batch, id, now)
	batch.Queue(deleteClient, recordArgs(change, id)...)
	return requireRows(s.execBatch(ctx, batch, batch.Len()-1))
}

var rotateSecret = withRecord(`newest AS (SELECT hash FROM client_secrets WHERE client_id = $3 `+store.NewestFirst+` LIMIT 1),
	deleted AS (DELETE FROM client_secrets WHERE client_id = $3 AND hash NOT IN (SELECT hash FROM newest)),
	expiring AS (
		UPDATE client_secrets SET expires_at = LEAST(expires_at, $7)
		WHERE client_id = $3 AND hash IN (SELECT hash FROM newest)),
	changed AS (
		INSERT INTO client_secrets (client_id, hash, created_at, expires_at)
		SELECT id, $4::bytea, $5::timestamptz, $6::timestamptz FROM clients WHERE id = $3 RETURNING client_id)`,
	`SELECT FROM changed`)

// RotateClientSecret implements oauth.ClientStore. The lock serializes rotations, so that each one sees
// the secret of the one before it.
func (s *Store) RotateClientSecret(ctx context.Context, id string, secret oauth.ClientSecret, until time.Time, change audit.Change) error {
	batch := &pgx.Batch{}
	batch.Queue(lockClient, id)
	batch.Queue(rotateSecret, recordArgs(change, id, secret.Hash, storedTime(secret.CreatedAt), storedTimeOrNull(secret.ExpiresAt), storedTime(until))...)
	return requireRows(s.execBatch(ctx, batch, 1))
}

var swapTokenKeys = withRecord(`changed AS (
		UPDATE clients SET token_key = $6, next_token_key = $7, next_token_key_from = $8
		WHERE id = $3 AND token_key IS NOT DISTINCT FROM $4 AND next_token_key IS NOT DISTINCT FROM $5 RETURNING id)`,
	`SELECT FROM changed`)

// SwapTokenKeys implements oauth.ClientStore.
func (s *Store) SwapTokenKeys(ctx context.Context, id string, from, to oauth.TokenKeys, change audit.Change) error {
	return s.execOne(ctx, swapTokenKeys, recordArgs(change, id, from.Current, from.Next, to.Current, to.Next, storedTimeOrNull(to.NextFrom))...)
}
