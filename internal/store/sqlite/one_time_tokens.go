package sqlite

import (
	"context"
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

// PutOneTimeToken implements account.OneTimeTokenStore.
func (s *Store) PutOneTimeToken(ctx context.Context, t account.OneTimeToken) error {
	return s.execOne(ctx, putToken, nonNil(t.Hash), string(t.Purpose), t.Email, t.EmailKey, storedTime(t.CreatedAt), storedTime(t.ExpiresAt), t.UserID)
}

// tokenColumns are the columns of the one_time_tokens row t that scanToken reads.
const tokenColumns = `t.hash, t.purpose, t.user_id, t.email, t.email_key, t.created_at, t.expires_at`

func scanToken(r row) (account.OneTimeToken, error) {
	var t account.OneTimeToken
	var created, expires int64
	err := r.Scan(&t.Hash, &t.Purpose, &t.UserID, &t.Email, &t.EmailKey, &created, &expires)
	t.CreatedAt, t.ExpiresAt = utc(created), utc(expires)
	return t, err
}

type tokenAndUser struct {
	token account.OneTimeToken
	user  account.User
}

func scanTokenAndUser(r row) (result tokenAndUser, err error) {
	if result.token, err = scanToken(leadingColumns{r}); err == nil {
		result.user, err = scanUser(trailingColumns{r})
	}
	return result, err
}

const tokenByHash = `SELECT ` + tokenColumns + `, ` + userColumns + `
	FROM one_time_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = ? AND t.expires_at > ?`

// OneTimeTokenByHash implements account.OneTimeTokenStore.
func (s *Store) OneTimeTokenByHash(ctx context.Context, hash []byte, now time.Time) (account.OneTimeToken, account.User, error) {
	r, err := queryOne(ctx, s.reads, scanTokenAndUser, tokenByHash, nonNil(hash), storedTime(now))
	return r.token, r.user, err
}

// consumeToken deletes a token. Of several callers only the first one finds it.
const consumeToken = `
	DELETE FROM one_time_tokens WHERE hash = ? AND purpose = ? AND expires_at > ?
	RETURNING hash, purpose, user_id, email, email_key, created_at, expires_at`

const confirmEmail = `
	UPDATE users SET email = ?2, email_key = ?3, email_verified = TRUE, updated_at = max(updated_at, ?4) WHERE id = ?1`

// UseVerifyToken implements account.OneTimeTokenStore. If the email is taken, the transaction is rolled back and the
// token remains.
func (s *Store) UseVerifyToken(ctx context.Context, hash []byte, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		t, err := queryOne(ctx, tx, scanToken, consumeToken, nonNil(hash), string(account.PurposeVerify), storedTime(now))
		if err != nil {
			return err
		}
		if err := requireFree(ctx, tx, t.UserID, nil, &t.EmailKey); err != nil {
			return err
		}
		if err := execOneTx(ctx, tx, confirmEmail, t.UserID, t.Email, t.EmailKey, storedTime(now)); err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

const resetPassword = `
	UPDATE users SET password_hash = ?2, epoch = epoch + 1, updated_at = max(updated_at, ?3),
		email_verified = email_verified OR email_key = ?4
	WHERE id = ?1`

// UseResetToken implements account.OneTimeTokenStore.
func (s *Store) UseResetToken(ctx context.Context, hash []byte, passwordHash string, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		t, err := queryOne(ctx, tx, scanToken, consumeToken, nonNil(hash), string(account.PurposeReset), storedTime(now))
		if err != nil {
			return err
		}
		if err := execOneTx(ctx, tx, resetPassword, t.UserID, passwordHash, storedTime(now), t.EmailKey); err != nil {
			return err
		}
		if err := revokeOldSessions(ctx, tx, t.UserID, "", oauth.EndedByPassword, now); err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

var purgeTokens = purge("one_time_tokens", "hash", "expires_at")

// PurgeOneTimeTokens implements account.OneTimeTokenStore.
func (s *Store) PurgeOneTimeTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeTokens, storedTime(before), max(limit, 0))
}
