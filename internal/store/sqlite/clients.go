package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// clientColumns are what scanClient reads, of a clients row called c.
const clientColumns = `c.id, c.name, c.public, c.first_party, c.grants, c.scopes, c.audiences, c.access_ttl, c.active, c.created_at,
	(SELECT json_group_array(json_object('hash', hex(hash), 'created', created_at, 'expires', expires_at) ORDER BY created_at, hash)
		FROM client_secrets WHERE client_id = c.id)`

func scanClient(r row) (oauth.Client, error) {
	var c oauth.Client
	var ttl, created int64
	var secrets string
	err := r.Scan(&c.ID, &c.Name, &c.Public, &c.FirstParty, (*list)(&c.Grants), (*list)(&c.Scopes), (*list)(&c.Audiences),
		&ttl, &c.Active, &created, &secrets)
	if err != nil {
		return c, err
	}
	c.AccessTTL, c.CreatedAt = time.Duration(ttl)*time.Second, utc(created)
	c.Secrets, err = parseSecrets(secrets)
	return c, err
}

func parseSecrets(text string) (secrets []oauth.ClientSecret, err error) {
	var rows []struct {
		Hash    string
		Created int64
		Expires *int64
	}
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, err
	}
	for _, row := range rows {
		secret := oauth.ClientSecret{CreatedAt: utc(row.Created)}
		if secret.Hash, err = hex.DecodeString(row.Hash); err != nil {
			return nil, err
		}
		if row.Expires != nil {
			secret.ExpiresAt = utc(*row.Expires)
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

const (
	createClient = `
		INSERT INTO clients (id, name, public, first_party, grants, scopes, audiences, access_ttl, active, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	createSecret = `INSERT INTO client_secrets (client_id, hash, created_at, expires_at) VALUES (?, ?, ?, ?)`
)

// CreateClient implements oauth.ClientStore.
func (s *Store) CreateClient(ctx context.Context, c oauth.Client) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		err := execOne(ctx, tx, createClient, c.ID, c.Name, c.Public, c.FirstParty, array(c.Grants), array(c.Scopes), array(c.Audiences),
			int64(c.AccessTTL/time.Second), c.Active, seconds(c.CreatedAt))
		for _, secret := range c.Secrets {
			if err != nil {
				break
			}
			err = execOne(ctx, tx, createSecret, c.ID, blob(secret.Hash), seconds(secret.CreatedAt), secondsOrNull(secret.ExpiresAt))
		}
		return err
	})
}

const clientByID = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id = ?`

// ClientByID implements oauth.ClientStore.
func (s *Store) ClientByID(ctx context.Context, id string) (oauth.Client, error) {
	return one(ctx, s.reader, scanClient, clientByID, id)
}
