package sqlite

import (
	"context"
	"database/sql"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const keyColumns = `id, generation, algorithm, public, sealed, created_at, signs_from, signs_until`

func scanKey(r row) (oauth.SigningKey, error) {
	var k oauth.SigningKey
	var created, from int64
	var until sql.NullInt64
	err := r.Scan(&k.ID, &k.Generation, &k.Algorithm, &k.Public, &k.Sealed, &created, &from, &until)
	k.CreatedAt, k.SignsFrom, k.SignsUntil = utc(created), utc(from), utcOrZero(until)
	return k, err
}

const signingKeys = `SELECT ` + keyColumns + ` FROM signing_keys ORDER BY generation`

// SigningKeys implements oauth.KeyStore.
func (s *Store) SigningKeys(ctx context.Context) ([]oauth.SigningKey, error) {
	return all(ctx, s.reader, scanKey, signingKeys)
}

const addSigningKey = `INSERT INTO signing_keys (` + keyColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

// AddSigningKey implements oauth.KeyStore.
func (s *Store) AddSigningKey(ctx context.Context, k oauth.SigningKey) error {
	return s.writeOne(ctx, addSigningKey, k.ID, k.Generation, k.Algorithm, blob(k.Public), blob(k.Sealed),
		seconds(k.CreatedAt), seconds(k.SignsFrom), secondsOrNull(k.SignsUntil))
}

const replaceSealed = `UPDATE signing_keys SET sealed = ?3 WHERE id = ?1 AND sealed = ?2`

// ReplaceSealed implements oauth.KeyStore.
func (s *Store) ReplaceSealed(ctx context.Context, id string, from, to []byte) error {
	return s.writeOne(ctx, replaceSealed, id, blob(from), blob(to))
}

const deleteSigningKey = `DELETE FROM signing_keys WHERE id = ?`

// DeleteSigningKey implements oauth.KeyStore.
func (s *Store) DeleteSigningKey(ctx context.Context, id string) error {
	return s.writeOne(ctx, deleteSigningKey, id)
}
