package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const putToken = `
	INSERT INTO one_time_tokens AS t (hash, purpose, user_id, email, email_key, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (user_id, purpose) DO UPDATE SET hash = excluded.hash, email = excluded.email,
		email_key = excluded.email_key, created_at = excluded.created_at, expires_at = excluded.expires_at`

// PutToken implements account.Store.
func (s *Store) PutToken(ctx context.Context, t account.Token) error {
	if !isUUID(t.UserID) {
		return account.ErrNotFound
	}
	return s.execOne(ctx, putToken, t.Hash, string(t.Purpose), t.UserID, t.Email, t.EmailKey, whole(t.CreatedAt), whole(t.ExpiresAt))
}

// tokenColumns are what scanToken reads, of a one_time_tokens row called t.
const tokenColumns = `t.hash, t.purpose, t.user_id::text, t.email, t.email_key, t.created_at, t.expires_at`

func scanToken(row pgx.CollectableRow) (account.Token, error) {
	var t account.Token
	err := row.Scan(&t.Hash, &t.Purpose, &t.UserID, &t.Email, &t.EmailKey, &t.CreatedAt, &t.ExpiresAt)
	t.CreatedAt, t.ExpiresAt = t.CreatedAt.UTC(), t.ExpiresAt.UTC()
	return t, err
}

// held is a token with its user.
type held struct {
	token account.Token
	user  account.User
}

func scanHeld(row pgx.CollectableRow) (h held, err error) {
	if h.token, err = scanToken(head{row}); err == nil {
		h.user, err = scanUser(tail{row})
	}
	return h, err
}

const tokenByHash = `SELECT ` + tokenColumns + `, ` + userColumns + `
	FROM one_time_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = $1 AND t.expires_at > $2`

// TokenByHash implements account.Store.
func (s *Store) TokenByHash(ctx context.Context, hash []byte, now time.Time) (account.Token, account.User, error) {
	h, err := one(ctx, s, scanHeld, tokenByHash, hash, whole(now))
	return h.token, h.user, err
}

// lockHolder locks the user before his token, as whoever deletes him does.
const lockHolder = `SELECT id::text FROM users WHERE id = (SELECT user_id FROM one_time_tokens WHERE hash = $1) FOR NO KEY UPDATE`

// useToken takes a token away; of many the first one finds it.
const useToken = `used AS (DELETE FROM one_time_tokens WHERE hash = $4 AND purpose = $5 AND expires_at > $3 RETURNING user_id, email, email_key)`

var useEmailToken = noted(useToken+`,
	changed AS (
		UPDATE users u SET email = used.email, email_key = used.email_key, email_verified = TRUE, updated_at = GREATEST(updated_at, $3)
		FROM used WHERE u.id = used.user_id RETURNING u.id)`,
	`SELECT FROM changed`)

// UseEmailToken implements account.Store. Where the address is taken the whole statement fails, so
// that the token is still there.
func (s *Store) UseEmailToken(ctx context.Context, hash []byte, now time.Time, n audit.Note) error {
	batch := &pgx.Batch{}
	batch.Queue(lockHolder, hash)
	batch.Queue(useEmailToken, keep(n, whole(now), hash, string(account.PurposeVerify))...)
	return found(s.execBatch(ctx, batch, 1))
}

var useResetToken = noted(useToken+`,
	changed AS (
		UPDATE users u SET password_hash = $6, epoch = epoch + 1, updated_at = GREATEST(updated_at, $3),
			email_verified = email_verified OR u.email_key = used.email_key
		FROM used WHERE u.id = used.user_id RETURNING u.id)`,
	`SELECT FROM changed`)

// UseResetToken implements account.Store.
func (s *Store) UseResetToken(ctx context.Context, hash []byte, passwordHash string, now time.Time, n audit.Note) error {
	return s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var id string
		if err := tx.QueryRow(ctx, lockHolder, hash).Scan(&id); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, useResetToken, keep(n, whole(now), hash, string(account.PurposeReset), passwordHash)...)
		if err := found(tag.RowsAffected(), err); err != nil {
			return err
		}
		return endSessions(ctx, tx, id, "", oauth.EndedByPassword, now)
	})
}

const purgeTokens = `
	DELETE FROM one_time_tokens WHERE hash = ANY(ARRAY(
		SELECT hash FROM one_time_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))`

// PurgeTokens implements account.Store.
func (s *Store) PurgeTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.exec(ctx, purgeTokens, whole(before), max(limit, 0))
	return int(n), err
}
