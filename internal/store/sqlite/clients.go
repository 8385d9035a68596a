package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// clientColumns are the columns of the clients row c that scanClient reads.
const clientColumns = `c.id, c.name, c.public, c.first_party, c.grants, c.scopes, c.audiences,
	c.access_ttl, c.session_idle, c.session_max, c.active, c.created_at,
	c.token_algorithm, c.token_key, c.next_token_key, c.next_token_key_from, c.claims,
	(SELECT json_group_array(json_object('hash', hex(hash), 'created', created_at, 'expires', expires_at) ` + store.NewestFirst + `)
		FROM client_secrets WHERE client_id = c.id)`

func scanClient(r row) (oauth.Client, error) {
	var c oauth.Client
	var accessTTL, sessionIdle, sessionMax, created int64
	var nextFrom sql.NullInt64
	var secrets string
	err := r.Scan(&c.ID, &c.Name, &c.Public, &c.FirstParty, (*jsonList)(&c.Grants), (*jsonList)(&c.Scopes), (*jsonList)(&c.Audiences),
		&accessTTL, &sessionIdle, &sessionMax, &c.Active, &created,
		&c.TokenAlgorithm, &c.TokenKeys.Current, &c.TokenKeys.Next, &nextFrom, &c.Claims, &secrets)
	if err != nil {
		return c, err
	}
	c.AccessTTL, c.SessionIdle, c.SessionMax = duration(accessTTL), duration(sessionIdle), duration(sessionMax)
	c.CreatedAt, c.TokenKeys.NextFrom = utc(created), utcOrZero(nextFrom)
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
		INSERT INTO clients (id, name, public, first_party, grants, scopes, audiences,
			access_ttl, session_idle, session_max, active, created_at,
			token_algorithm, token_key, next_token_key, next_token_key_from, claims)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	createSecret = `INSERT INTO client_secrets (client_id, hash, created_at, expires_at) VALUES (?, ?, ?, ?)`
)

// CreateClient implements oauth.ClientStore.
func (s *Store) CreateClient(ctx context.Context, c oauth.Client, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		err := execOneTx(ctx, tx, createClient, c.ID, c.Name, c.Public, c.FirstParty, storedList(c.Grants), storedList(c.Scopes), storedList(c.Audiences),
			storedSeconds(&c.AccessTTL), storedSeconds(&c.SessionIdle), storedSeconds(&c.SessionMax), c.Active, storedTime(c.CreatedAt),
			c.TokenAlgorithm, c.TokenKeys.Current, c.TokenKeys.Next, storedTimeOrNull(c.TokenKeys.NextFrom), c.Claims)
		for _, secret := range c.Secrets {
			if err != nil {
				break
			}
			err = insertSecret(ctx, tx, c.ID, secret)
		}
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

func insertSecret(ctx context.Context, tx *writeTx, id string, secret oauth.ClientSecret) error {
	return execOneTx(ctx, tx, createSecret, id, nonNil(secret.Hash), storedTime(secret.CreatedAt), storedTimeOrNull(secret.ExpiresAt))
}

const clientByID = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id = ?`

// ClientByID implements oauth.ClientStore. Like SessionByID it needs no query if nothing has been committed.
func (s *Store) ClientByID(ctx context.Context, id string) (oauth.Client, error) {
	return remembered(s.clients, s.index, id, func() (oauth.Client, error) {
		return queryOne(ctx, s.reads, scanClient, clientByID, id)
	})
}

const listClients = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id > ? ORDER BY c.id LIMIT ?`

// ListClients implements oauth.ClientStore.
func (s *Store) ListClients(ctx context.Context, after string, limit int) ([]oauth.Client, error) {
	return queryAll(ctx, s.reads, scanClient, listClients, after, max(limit, 0))
}

// A NULL parameter leaves its column unchanged.
const updateClient = `
	UPDATE clients SET name = coalesce(?2, name), first_party = coalesce(?3, first_party),
		grants = coalesce(?4, grants), scopes = coalesce(?5, scopes), audiences = coalesce(?6, audiences),
		access_ttl = coalesce(?7, access_ttl), session_idle = coalesce(?8, session_idle),
		session_max = coalesce(?9, session_max), active = coalesce(?10, active),
		token_algorithm = coalesce(?11, token_algorithm), claims = coalesce(?12, claims)
	WHERE id = ?1`

// UpdateClient implements oauth.ClientStore.
func (s *Store) UpdateClient(ctx context.Context, id string, p oauth.ClientPatch, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if p.Active != nil && !*p.Active {
			if err := endClientTx(ctx, tx, id, now); err != nil {
				return err
			}
		}
		err := execOneTx(ctx, tx, updateClient, id, p.Name, p.FirstParty, listOrNull(p.Grants), listOrNull(p.Scopes), listOrNull(p.Audiences),
			storedSeconds(p.AccessTTL), storedSeconds(p.SessionIdle), storedSeconds(p.SessionMax), p.Active,
			p.TokenAlgorithm, p.Claims)
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

const deleteClient = `DELETE FROM clients WHERE id = ?`

// DeleteClient implements oauth.ClientStore. A foreign key deletes the secrets.
func (s *Store) DeleteClient(ctx context.Context, id string, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if err := endClientTx(ctx, tx, id, now); err != nil {
			return err
		}
		if err := execOneTx(ctx, tx, deleteClient, id); err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

const (
	clientExists     = `SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?)`
	deleteOldSecrets = `DELETE FROM client_secrets WHERE client_id = ?1 AND hash NOT IN (` + newestSecret + `)`
	expireSecret     = `UPDATE client_secrets SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE client_id = ?1`
	newestSecret     = `SELECT hash FROM client_secrets WHERE client_id = ?1 ` + store.NewestFirst + ` LIMIT 1`
)

// RotateClientSecret implements oauth.ClientStore.
func (s *Store) RotateClientSecret(ctx context.Context, id string, secret oauth.ClientSecret, until time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if err := requireTrue(ctx, tx, fault.ErrNotFound, clientExists, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteOldSecrets, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, expireSecret, id, storedTime(until)); err != nil {
			return err
		}
		if err := insertSecret(ctx, tx, id, secret); err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

const swapTokenKeys = `
	UPDATE clients SET token_key = ?4, next_token_key = ?5, next_token_key_from = ?6
	WHERE id = ?1 AND token_key IS ?2 AND next_token_key IS ?3`

// SwapTokenKeys implements oauth.ClientStore.
func (s *Store) SwapTokenKeys(ctx context.Context, id string, from, to oauth.TokenKeys, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		err := execOneTx(ctx, tx, swapTokenKeys, id, from.Current, from.Next, to.Current, to.Next, storedTimeOrNull(to.NextFrom))
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}
