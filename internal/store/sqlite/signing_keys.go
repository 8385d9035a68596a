package sqlite

import (
	"context"
	"database/sql"

	"github.com/latchkey-auth/latchkey/internal/keyring"
)

// keyColumns are the columns of signing_keys that scanKey reads.
const keyColumns = `id, generation, algorithm, public, sealed, created_at, signs_from, signs_until`

func scanKey(r row) (keyring.SigningKey, error) {
	var k keyring.SigningKey
	var created, from int64
	var until sql.NullInt64
	err := r.Scan(&k.ID, &k.Generation, &k.Algorithm, &k.Public, &k.Sealed, &created, &from, &until)
	k.CreatedAt, k.SignsFrom, k.SignsUntil = utc(created), utc(from), utcOrZero(until)
	return k, err
}

const listSigningKeys = `SELECT ` + keyColumns + ` FROM signing_keys ORDER BY generation`

// SigningKeys implements keyring.Store.
func (s *Store) SigningKeys(ctx context.Context) ([]keyring.SigningKey, error) {
	return queryAll(ctx, s.reads, scanKey, listSigningKeys)
}

const addSigningKey = `INSERT INTO signing_keys (` + keyColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

// AddSigningKey implements keyring.Store.
func (s *Store) AddSigningKey(ctx context.Context, k keyring.SigningKey) error {
	return s.execOne(ctx, addSigningKey, k.ID, k.Generation, k.Algorithm, nonNil(k.Public), nonNil(k.Sealed),
		storedTime(k.CreatedAt), storedTime(k.SignsFrom), storedTimeOrNull(k.SignsUntil))
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
