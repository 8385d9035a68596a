package postgres

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// The user is looked at without a lock: an epoch that changes in the same moment is caught by
// every later look at the session, which compares the two.
const createSession = `
	INSERT INTO sessions (id, family_id, user_id, user_epoch, client_id, scopes, address, user_agent,
		created_at, last_used_at, idle_until, absolute_until)
	SELECT $1::uuid, $2::bytea, u.id, u.epoch, $5, $6::text[], $7, $8, $9::timestamptz, $9::timestamptz, $10::timestamptz, $11::timestamptz
	FROM users u WHERE u.id = $3 AND u.active AND u.epoch = $4`

// CreateSession implements oauth.SessionStore.
func (s *Store) CreateSession(ctx context.Context, n oauth.Session) error {
	if !isUUID(n.UserID) {
		return account.ErrNotFound
	}
	return s.execOne(ctx, createSession, n.ID, n.FamilyID, n.UserID, n.UserEpoch, n.ClientID, list(n.Scopes), n.Address, n.UserAgent,
		whole(n.CreatedAt), whole(n.IdleUntil), whole(n.AbsoluteUntil))
}

const sessionUser = `SELECT ` + userColumns + `
	FROM sessions s JOIN users u ON u.id = s.user_id AND u.epoch = s.user_epoch
	WHERE s.id = $1 AND s.revoked_at IS NULL AND $2 < s.idle_until AND $2 < s.absolute_until AND u.active`

// SessionUser implements oauth.SessionStore.
func (s *Store) SessionUser(ctx context.Context, id string, now time.Time) (account.User, error) {
	if !isUUID(id) {
		return account.User{}, account.ErrNotFound
	}
	return one(ctx, s, scanUser, sessionUser, id, whole(now))
}
