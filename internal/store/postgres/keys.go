package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const keyColumns = `id, generation, algorithm, public, sealed, created_at, signs_from, signs_until`

func scanKey(row pgx.CollectableRow) (oauth.SigningKey, error) {
	var k oauth.SigningKey
	var until *time.Time
	err := row.Scan(&k.ID, &k.Generation, &k.Algorithm, &k.Public, &k.Sealed, &k.CreatedAt, &k.SignsFrom, &until)
	k.CreatedAt, k.SignsFrom, k.SignsUntil = k.CreatedAt.UTC(), k.SignsFrom.UTC(), utc(until)
	return k, err
}

const signingKeys = `SELECT ` + keyColumns + ` FROM signing_keys ORDER BY generation`

// SigningKeys implements oauth.KeyStore.
func (s *Store) SigningKeys(ctx context.Context) ([]oauth.SigningKey, error) {
	return all(ctx, s, scanKey, signingKeys)
}

const addSigningKey = `INSERT INTO signing_keys (` + keyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

// AddSigningKey implements oauth.KeyStore.
func (s *Store) AddSigningKey(ctx context.Context, k oauth.SigningKey) error {
	return s.execOne(ctx, addSigningKey, k.ID, k.Generation, k.Algorithm, list(k.Public), list(k.Sealed),
		whole(k.CreatedAt), whole(k.SignsFrom), wholeOrNull(k.SignsUntil))
}

const replaceSealed = `UPDATE signing_keys SET sealed = $3 WHERE id = $1 AND sealed = $2`

// ReplaceSealed implements oauth.KeyStore.
func (s *Store) ReplaceSealed(ctx context.Context, id string, from, to []byte) error {
	return s.execOne(ctx, replaceSealed, id, list(from), list(to))
}

const deleteSigningKey = `DELETE FROM signing_keys WHERE id = $1`

// DeleteSigningKey implements oauth.KeyStore.
func (s *Store) DeleteSigningKey(ctx context.Context, id string) error {
	return s.execOne(ctx, deleteSigningKey, id)
}
