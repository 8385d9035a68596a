package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const putToken = `
	INSERT INTO one_time_tokens AS t (hash, purpose, user_id, email, email_key, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (user_id, purpose) DO UPDATE SET hash = excluded.hash, email = excluded.email,
		email_key = excluded.email_key, created_at = excluded.created_at, expires_at = excluded.expires_at`

// PutOneTimeToken implements account.OneTimeTokenStore.
func (s *Store) PutOneTimeToken(ctx context.Context, t account.OneTimeToken) error {
	if !isUUID(t.UserID) {
		return fault.ErrNotFound
	}
	return s.execOne(ctx, putToken, t.Hash, string(t.Purpose), t.UserID, t.Email, t.EmailKey, storedTime(t.CreatedAt), storedTime(t.ExpiresAt))
}

// tokenColumns are the columns of the one_time_tokens row t that scanToken reads.
const tokenColumns = `t.hash, t.purpose, t.user_id::text, t.email, t.email_key, t.created_at, t.expires_at`

func scanToken(row pgx.CollectableRow) (account.OneTimeToken, error) {
	var t account.OneTimeToken
	err := row.Scan(&t.Hash, &t.Purpose, &t.UserID, &t.Email, &t.EmailKey, &t.CreatedAt, &t.ExpiresAt)
	t.CreatedAt, t.ExpiresAt = t.CreatedAt.UTC(), t.ExpiresAt.UTC()
	return t, err
}

type tokenAndUser struct {
	token account.OneTimeToken
	user  account.User
}

func scanTokenAndUser(row pgx.CollectableRow) (r tokenAndUser, err error) {
	if r.token, err = scanToken(leadingColumns{row}); err == nil {
		r.user, err = scanUser(trailingColumns{row})
	}
	return r, err
}

const tokenByHash = `SELECT ` + tokenColumns + `, ` + userColumns + `
	FROM one_time_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = $1 AND t.expires_at > $2`

// OneTimeTokenByHash implements account.OneTimeTokenStore.
func (s *Store) OneTimeTokenByHash(ctx context.Context, hash []byte, now time.Time) (account.OneTimeToken, account.User, error) {
	r, err := queryOne(ctx, s, scanTokenAndUser, tokenByHash, hash, storedTime(now))
	return r.token, r.user, err
}

// lockUserOfToken locks the user before the token, in the same order as DeleteUser does.
const lockUserOfToken = `SELECT id::text FROM users WHERE id = (SELECT user_id FROM one_time_tokens WHERE hash = $1) FOR NO KEY UPDATE`

// consumeToken deletes a token. Of several callers only the first one finds it.
const consumeToken = `token AS (DELETE FROM one_time_tokens WHERE hash = $4 AND purpose = $5 AND expires_at > $3 RETURNING user_id, email, email_key)`

var useEmailToken = withRecord(consumeToken+`,
	changed AS (
		UPDATE users u SET email = token.email, email_key = token.email_key, email_verified = TRUE, updated_at = GREATEST(updated_at, $3)
		FROM token WHERE u.id = token.user_id RETURNING u.id)`,
	`SELECT FROM changed`)

// UseVerifyToken implements account.OneTimeTokenStore. If the email is taken, the whole statement fails and the
// token remains.
func (s *Store) UseVerifyToken(ctx context.Context, hash []byte, now time.Time, change audit.Change) error {
	batch := &pgx.Batch{}
	batch.Queue(lockUserOfToken, hash)
	batch.Queue(useEmailToken, recordArgs(change, storedTime(now), hash, string(account.PurposeVerify))...)
	return requireRows(s.execBatch(ctx, batch, 1))
}

var useResetToken = withRecord(consumeToken+`,
	changed AS (
		UPDATE users u SET password_hash = $6, epoch = epoch + 1, updated_at = GREATEST(updated_at, $3),
			email_verified = email_verified OR u.email_key = token.email_key
		FROM token WHERE u.id = token.user_id RETURNING u.id)`,
	`SELECT FROM changed`)

// UseResetToken implements account.OneTimeTokenStore.
func (s *Store) UseResetToken(ctx context.Context, hash []byte, passwordHash string, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var userID string
		if err := tx.QueryRow(ctx, lockUserOfToken, hash).Scan(&userID); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, useResetToken, recordArgs(change, storedTime(now), hash, string(account.PurposeReset), passwordHash)...)
		if err := requireRows(int(tag.RowsAffected()), err); err != nil {
			return err
		}
		return revokeOldSessions(ctx, tx, userID, "", oauth.EndedByPassword, now)
	})
}

var purgeTokens = purge("one_time_tokens", "hash", "expires_at")

// PurgeOneTimeTokens implements account.OneTimeTokenStore.
func (s *Store) PurgeOneTimeTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeTokens, storedTime(before), max(limit, 0))
}
