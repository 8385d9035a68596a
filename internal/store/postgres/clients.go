package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// clientColumns are what scanClient reads, of a clients row called c. The secrets stand in three
// arrays of one order.
const clientColumns = `c.id, c.name, c.public, c.first_party, c.grants, c.scopes, c.audiences, c.access_ttl, c.active, c.created_at,
	ARRAY(SELECT hash FROM client_secrets WHERE client_id = c.id ORDER BY created_at, hash),
	ARRAY(SELECT created_at FROM client_secrets WHERE client_id = c.id ORDER BY created_at, hash),
	ARRAY(SELECT expires_at FROM client_secrets WHERE client_id = c.id ORDER BY created_at, hash)`

func scanClient(row pgx.CollectableRow) (oauth.Client, error) {
	var c oauth.Client
	var ttl int64
	var hashes [][]byte
	var created, expires []*time.Time
	err := row.Scan(&c.ID, &c.Name, &c.Public, &c.FirstParty, &c.Grants, &c.Scopes, &c.Audiences, &ttl, &c.Active, &c.CreatedAt,
		&hashes, &created, &expires)
	c.AccessTTL = time.Duration(ttl) * time.Second
	c.CreatedAt = c.CreatedAt.UTC()
	for i, hash := range hashes {
		c.Secrets = append(c.Secrets, oauth.ClientSecret{Hash: hash, CreatedAt: utc(created[i]), ExpiresAt: utc(expires[i])})
	}
	return c, err
}

const createClient = `
	WITH made AS (
		INSERT INTO clients (id, name, public, first_party, grants, scopes, audiences, access_ttl, active, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id),
	given AS (
		INSERT INTO client_secrets (client_id, hash, created_at, expires_at)
		SELECT made.id, secret.* FROM made, unnest($11::bytea[], $12::timestamptz[], $13::timestamptz[]) AS secret)
	SELECT id FROM made`

// CreateClient implements oauth.ClientStore.
func (s *Store) CreateClient(ctx context.Context, c oauth.Client) error {
	hashes := make([][]byte, len(c.Secrets))
	created := make([]time.Time, len(c.Secrets))
	expires := make([]*time.Time, len(c.Secrets))
	for i, secret := range c.Secrets {
		hashes[i], created[i], expires[i] = secret.Hash, whole(secret.CreatedAt), wholeOrNull(secret.ExpiresAt)
	}
	return s.execOne(ctx, createClient, c.ID, c.Name, c.Public, c.FirstParty, list(c.Grants), list(c.Scopes), list(c.Audiences),
		int64(c.AccessTTL/time.Second), c.Active, whole(c.CreatedAt), hashes, created, expires)
}

const clientByID = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id = $1`

// ClientByID implements oauth.ClientStore.
func (s *Store) ClientByID(ctx context.Context, id string) (oauth.Client, error) {
	return one(ctx, s, scanClient, clientByID, id)
}
