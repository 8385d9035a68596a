package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const putToken = `
	INSERT INTO one_time_tokens (hash, purpose, user_id, email, email_key, created_at, expires_at)
	SELECT ?, ?, id, ?, ?, ?, ? FROM users WHERE id = ?
	ON CONFLICT (user_id, purpose) DO UPDATE SET hash = excluded.hash, email = excluded.email,
		email_key = excluded.email_key, created_at = excluded.created_at, expires_at = excluded.expires_at`

// PutToken implements account.Store.
func (s *Store) PutToken(ctx context.Context, t account.Token) error {
	return s.writeOne(ctx, putToken, blob(t.Hash), string(t.Purpose), t.Email, t.EmailKey, seconds(t.CreatedAt), seconds(t.ExpiresAt), t.UserID)
}

// tokenColumns are what scanToken reads, of a one_time_tokens row called t.
const tokenColumns = `t.hash, t.purpose, t.user_id, t.email, t.email_key, t.created_at, t.expires_at`

func scanToken(r row) (account.Token, error) {
	var t account.Token
	var created, expires int64
	err := r.Scan(&t.Hash, &t.Purpose, &t.UserID, &t.Email, &t.EmailKey, &created, &expires)
	t.CreatedAt, t.ExpiresAt = utc(created), utc(expires)
	return t, err
}

// held is a token with its user.
type held struct {
	token account.Token
	user  account.User
}

func scanHeld(r row) (h held, err error) {
	if h.token, err = scanToken(head{r}); err == nil {
		h.user, err = scanUser(tail{r})
	}
	return h, err
}

const tokenByHash = `SELECT ` + tokenColumns + `, ` + userColumns + `
	FROM one_time_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = ? AND t.expires_at > ?`

// TokenByHash implements account.Store.
func (s *Store) TokenByHash(ctx context.Context, hash []byte, now time.Time) (account.Token, account.User, error) {
	h, err := one(ctx, s.reader, scanHeld, tokenByHash, blob(hash), seconds(now))
	return h.token, h.user, err
}

// useToken takes a token away; of many the first one finds it.
const useToken = `
	DELETE FROM one_time_tokens WHERE hash = ? AND purpose = ? AND expires_at > ?
	RETURNING hash, purpose, user_id, email, email_key, created_at, expires_at`

const confirmEmail = `
	UPDATE users SET email = ?2, email_key = ?3, email_verified = TRUE, updated_at = max(updated_at, ?4) WHERE id = ?1`

// UseEmailToken implements account.Store.
func (s *Store) UseEmailToken(ctx context.Context, hash []byte, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		t, err := one(ctx, tx, scanToken, useToken, blob(hash), string(account.PurposeVerify), seconds(now))
		if err != nil {
			return err
		}
		if err := free(ctx, tx, t.UserID, nil, &t.EmailKey); err != nil {
			return err // and the token is there again
		}
		if err := execOne(ctx, tx, confirmEmail, t.UserID, t.Email, t.EmailKey, seconds(now)); err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

const resetPassword = `
	UPDATE users SET password_hash = ?2, epoch = epoch + 1, updated_at = max(updated_at, ?3),
		email_verified = email_verified OR email_key = ?4
	WHERE id = ?1`

// UseResetToken implements account.Store.
func (s *Store) UseResetToken(ctx context.Context, hash []byte, passwordHash string, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		t, err := one(ctx, tx, scanToken, useToken, blob(hash), string(account.PurposeReset), seconds(now))
		if err != nil {
			return err
		}
		if err := execOne(ctx, tx, resetPassword, t.UserID, passwordHash, seconds(now), t.EmailKey); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, t.UserID, "", oauth.EndedByPassword, now); err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

const purgeTokens = `
	DELETE FROM one_time_tokens WHERE hash IN (SELECT hash FROM one_time_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`

// PurgeTokens implements account.Store.
func (s *Store) PurgeTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.writeMany(ctx, purgeTokens, seconds(before), max(limit, 0))
}
