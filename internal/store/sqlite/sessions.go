package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const createSession = `
	INSERT INTO sessions (id, family_id, user_id, user_epoch, client_id, scopes, address, user_agent,
		created_at, last_used_at, idle_until, absolute_until)
	SELECT ?1, ?2, u.id, u.epoch, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11
	FROM users u WHERE u.id = ?3 AND u.active AND u.epoch = ?4`

// CreateSession implements oauth.SessionStore.
func (s *Store) CreateSession(ctx context.Context, n oauth.Session) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		return execOne(ctx, tx, createSession, n.ID, blob(n.FamilyID), n.UserID, n.UserEpoch, n.ClientID, array(n.Scopes),
			n.Address, n.UserAgent, seconds(n.CreatedAt), seconds(n.IdleUntil), seconds(n.AbsoluteUntil))
	})
}

const sessionUser = `SELECT ` + userColumns + `
	FROM sessions s JOIN users u ON u.id = s.user_id AND u.epoch = s.user_epoch
	WHERE s.id = ?1 AND s.revoked_at IS NULL AND ?2 < s.idle_until AND ?2 < s.absolute_until AND u.active`

// SessionUser implements oauth.SessionStore.
func (s *Store) SessionUser(ctx context.Context, id string, now time.Time) (account.User, error) {
	return one(ctx, s.reader, scanUser, sessionUser, id, seconds(now))
}
