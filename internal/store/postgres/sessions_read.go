package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// joinUser adds the user u of each sessions row s, or NULLs. Without a limit, PostgreSQL would read all of some
// thousand users to join them with a few sessions.
const joinUser = `LEFT JOIN LATERAL (SELECT * FROM users u WHERE u.id = s.user_id LIMIT 1) u ON TRUE`

const (
	sessionAndUserColumns = sessionColumns + `, ` + userColumnsOrEmpty
	sessionWithUser       = `SELECT ` + sessionAndUserColumns + ` FROM sessions s ` + joinUser
	sessionsByID          = sessionWithUser + ` WHERE s.id = ANY($1::uuid[])`
	sessionByFamily       = sessionWithUser + ` WHERE s.family_id = $1`
)

// sessionAndUserRow is where the columns of a session and its user are scanned to, again for each row.
type sessionAndUserRow struct {
	session sessionRow
	user    userRow
}

func (r *sessionAndUserRow) columns() []any { return append(r.session.columns(), r.user.columns()...) }

func (r *sessionAndUserRow) value() store.SessionAndUser {
	v := store.SessionAndUser{Session: r.session.value()}
	if v.Session.UserID != "" {
		v.User = r.user.value()
	}
	return v
}

func scanSessionAndUser(row pgx.CollectableRow) (store.SessionAndUser, error) {
	var r sessionAndUserRow
	err := row.Scan(r.columns()...)
	return r.value(), err
}

func scanPackedSession(row pgx.CollectableRow) (store.PackedSession, error) {
	s, err := scanSessionAndUser(row)
	return s.Pack(), err
}

func (s *Store) newSessionReads() *reads[store.PackedSession] {
	return newReads(s, store.RememberedSessions, sessionsByID, scanPackedSession, store.PackedSession.ID, func(ids []string) any {
		uuids := make([]pgtype.UUID, len(ids)) // pgx sends texts as texts
		for i, id := range ids {
			uuids[i] = pgtype.UUID{Bytes: uuid.MustParse(id), Valid: true}
		}
		return filledUp(uuids)
	})
}

// SessionByID implements oauth.SessionStore.
func (s *Store) SessionByID(ctx context.Context, id string) (oauth.Session, account.User, error) {
	if !isUUID(id) {
		return oauth.Session{}, account.User{}, fault.ErrNotFound
	}
	packed, err := s.sessions.byID(ctx, id)
	r := packed.Unpack()
	return r.Session, r.User, err
}

// SessionByFamily implements oauth.SessionStore.
func (s *Store) SessionByFamily(ctx context.Context, family []byte) (oauth.Session, account.User, error) {
	r, err := queryOne(ctx, s, scanSessionAndUser, sessionByFamily, family)
	return r.Session, r.User, err
}
