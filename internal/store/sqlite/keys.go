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
	return s.write(ctx, func(tx *sql.Tx) error {
		return execOne(ctx, tx, addSigningKey, k.ID, k.Generation, k.Algorithm, blob(k.Public), blob(k.Sealed),
			seconds(k.CreatedAt), seconds(k.SignsFrom), secondsOrNull(k.SignsUntil))
	})
}
