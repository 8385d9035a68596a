package sqlite

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/keyring"
)

// keyColumns are the columns of signing_keys that scanKey reads. Nothing uses signs_until, a column of the first version.
const keyColumns = `id, generation, algorithm, public, sealed, created_at, signs_from`

func scanKey(r row) (keyring.SigningKey, error) {
	var k keyring.SigningKey
	var created, from int64
	err := r.Scan(&k.ID, &k.Generation, &k.Algorithm, &k.Public, &k.Sealed, &created, &from)
	k.CreatedAt, k.SignsFrom = utc(created), utc(from)
	return k, err
}

const listSigningKeys = `SELECT ` + keyColumns + ` FROM signing_keys ORDER BY generation`

// SigningKeys implements keyring.Store.
func (s *Store) SigningKeys(ctx context.Context) ([]keyring.SigningKey, error) {
	return queryAll(ctx, s.reads, scanKey, listSigningKeys)
}

const addSigningKey = `INSERT INTO signing_keys (` + keyColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?)`

// AddSigningKey implements keyring.Store.
func (s *Store) AddSigningKey(ctx context.Context, k keyring.SigningKey) error {
	return s.execOne(ctx, addSigningKey, k.ID, k.Generation, k.Algorithm, nonNil(k.Public), nonNil(k.Sealed),
		storedTime(k.CreatedAt), storedTime(k.SignsFrom))
}

const replaceSealed = `UPDATE signing_keys SET sealed = ?3 WHERE id = ?1 AND sealed = ?2`

// ReplaceSealed implements keyring.Store.
func (s *Store) ReplaceSealed(ctx context.Context, id string, from, to []byte) error {
	return s.execOne(ctx, replaceSealed, id, nonNil(from), nonNil(to))
}

const deleteSigningKey = `DELETE FROM signing_keys WHERE id = ?`

// DeleteSigningKey implements keyring.Store.
func (s *Store) DeleteSigningKey(ctx context.Context, id string) error {
	return s.execOne(ctx, deleteSigningKey, id)
}
