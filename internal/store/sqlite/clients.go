package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// clientColumns are what scanClient reads, of a clients row called c.
const clientColumns = `c.id, c.name, c.public, c.first_party, c.grants, c.scopes, c.audiences,
	c.access_ttl, c.session_idle, c.session_max, c.active, c.created_at,
	(SELECT json_group_array(json_object('hash', hex(hash), 'created', created_at, 'expires', expires_at) ` + newestFirst + `)
		FROM client_secrets WHERE client_id = c.id)`

// newestFirst is the order of a client's secrets. Of two made in one second, that which has been
// given an end is the older.
const newestFirst = `ORDER BY created_at DESC, expires_at DESC NULLS FIRST, hash`

func scanClient(r row) (oauth.Client, error) {
	var c oauth.Client
	var ttl, idle, longest, created int64
	var secrets string
	err := r.Scan(&c.ID, &c.Name, &c.Public, &c.FirstParty, (*list)(&c.Grants), (*list)(&c.Scopes), (*list)(&c.Audiences),
		&ttl, &idle, &longest, &c.Active, &created, &secrets)
	if err != nil {
		return c, err
	}
	c.AccessTTL, c.SessionIdle, c.SessionMax, c.CreatedAt = duration(ttl), duration(idle), duration(longest), utc(created)
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
			access_ttl, session_idle, session_max, active, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	createSecret = `INSERT INTO client_secrets (client_id, hash, created_at, expires_at) VALUES (?, ?, ?, ?)`
)

// CreateClient implements oauth.ClientStore.
func (s *Store) CreateClient(ctx context.Context, c oauth.Client, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		err := execOne(ctx, tx, createClient, c.ID, c.Name, c.Public, c.FirstParty, array(c.Grants), array(c.Scopes), array(c.Audiences),
			life(&c.AccessTTL), life(&c.SessionIdle), life(&c.SessionMax), c.Active, seconds(c.CreatedAt))
		for _, secret := range c.Secrets {
			if err != nil {
				break
			}
			err = addSecret(ctx, tx, c.ID, secret)
		}
		if err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

func addSecret(ctx context.Context, tx *sql.Tx, id string, secret oauth.ClientSecret) error {
	return execOne(ctx, tx, createSecret, id, blob(secret.Hash), seconds(secret.CreatedAt), secondsOrNull(secret.ExpiresAt))
}

const clientByID = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id = ?`

// ClientByID implements oauth.ClientStore.
func (s *Store) ClientByID(ctx context.Context, id string) (oauth.Client, error) {
	return one(ctx, s.reader, scanClient, clientByID, id)
}

const listClients = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id > ? ORDER BY c.id LIMIT ?`

// ListClients implements oauth.ClientStore.
func (s *Store) ListClients(ctx context.Context, after string, limit int) ([]oauth.Client, error) {
	return all(ctx, s.reader, scanClient, listClients, after, max(limit, 0))
}

const (
	// A parameter that is NULL leaves its column as it is.
	updateClient = `
		UPDATE clients SET name = coalesce(?2, name), first_party = coalesce(?3, first_party),
			grants = coalesce(?4, grants), scopes = coalesce(?5, scopes), audiences = coalesce(?6, audiences),
			access_ttl = coalesce(?7, access_ttl), session_idle = coalesce(?8, session_idle),
			session_max = coalesce(?9, session_max), active = coalesce(?10, active)
		WHERE id = ?1`
	endClient = `UPDATE sessions AS s SET revoked_at = ?1, revoked_reason = ?2 WHERE s.client_id = ?3 AND ` + live
)

// UpdateClient implements oauth.ClientStore.
func (s *Store) UpdateClient(ctx context.Context, id string, p oauth.ClientPatch, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		err := execOne(ctx, tx, updateClient, id, p.Name, p.FirstParty, arrayOrNull(p.Grants), arrayOrNull(p.Scopes), arrayOrNull(p.Audiences),
			life(p.AccessTTL), life(p.SessionIdle), life(p.SessionMax), p.Active)
		if err == nil && p.Active != nil && !*p.Active {
			_, err = tx.ExecContext(ctx, endClient, seconds(now), oauth.EndedByClient, id)
		}
		if err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

const deleteClient = `DELETE FROM clients WHERE id = ?`

// DeleteClient implements oauth.ClientStore. The secrets go with the row that they refer to.
func (s *Store) DeleteClient(ctx context.Context, id string, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := execOne(ctx, tx, deleteClient, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, endClient, seconds(now), oauth.EndedByClient, id); err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

const (
	clientExists = `SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?)`
	dropSecrets  = `DELETE FROM client_secrets WHERE client_id = ?1 AND hash NOT IN (` + newestSecret + `)`
	limitSecret  = `UPDATE client_secrets SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE client_id = ?1`
	newestSecret = `SELECT hash FROM client_secrets WHERE client_id = ?1 ` + newestFirst + ` LIMIT 1`
)

// RotateClientSecret implements oauth.ClientStore.
func (s *Store) RotateClientSecret(ctx context.Context, id string, secret oauth.ClientSecret, until time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if found, err := one(ctx, tx, value[bool], clientExists, id); err != nil {
			return err
		} else if !found {
			return account.ErrNotFound
		}
		if _, err := tx.ExecContext(ctx, dropSecrets, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, limitSecret, id, seconds(until)); err != nil {
			return err
		}
		if err := addSecret(ctx, tx, id, secret); err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

// life is a duration as the store keeps it; duration gives it back.
func life(d *time.Duration) sql.NullInt64 {
	if d == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: int64(*d / time.Second), Valid: true}
}

func duration(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

// arrayOrNull is a list that may be left as it is, which is not the empty one.
func arrayOrNull(l *[]string) sql.NullString {
	if l == nil {
		return sql.NullString{}
	}
	return sql.NullString{String: array(*l), Valid: true}
}
