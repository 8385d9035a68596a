package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/coalesce"
)

// Limits on the statements that read or rotate sessions for several requests. With more flights at once there
// are more, but smaller statements, which cost more in total. A lone rotation may have to wait for the lock of
// another transaction, and must not hold up all others.
const (
	readFlights     = 1
	rotationFlights = 2
	sessionBatch    = 128
)

// joinUser adds the user u of each sessions row s, or NULLs. Without a limit, PostgreSQL would read all of some
// thousand users to join them with a few sessions.
const joinUser = `LEFT JOIN LATERAL (SELECT * FROM users u WHERE u.id = s.user_id LIMIT 1) u ON TRUE`

const (
	sessionAndUserColumns = sessionColumns + `, ` + userColumnsOrEmpty
	sessionWithUser       = `SELECT ` + sessionAndUserColumns + ` FROM sessions s ` + joinUser
	sessionByID           = sessionWithUser + ` WHERE s.id = $1`
	sessionsByID          = sessionWithUser + ` WHERE s.id = ANY($1::uuid[])`
	sessionByFamily       = sessionWithUser + ` WHERE s.family_id = $1`
)

// sessionAndUser is a session with its user, if it has one.
type sessionAndUser struct {
	session oauth.Session
	user    account.User
}

func scanSessionAndUser(row pgx.CollectableRow) (sessionAndUser, error) {
	var s sessionRow
	var u userRow
	if err := row.Scan(append(s.columns(), u.columns()...)...); err != nil {
		return sessionAndUser{}, err
	}
	if s.session.UserID == "" {
		return sessionAndUser{session: s.value()}, nil
	}
	return sessionAndUser{session: s.value(), user: u.value()}, nil
}

type (
	sessionReads = coalesce.Group[string, sessionAndUser]
	sessionRead  = coalesce.Call[string, sessionAndUser]
)

func (s *Store) newSessionReads() *sessionReads {
	return coalesce.New(coalesce.Options[string]{Flights: readFlights, Batch: sessionBatch}, s.readSessions,
		func(ctx context.Context, id string) (sessionAndUser, error) {
			return queryOne(ctx, s, scanSessionAndUser, sessionByID, id)
		})
}

// SessionByID implements oauth.SessionStore. Simultaneous calls share a statement.
func (s *Store) SessionByID(ctx context.Context, id string) (oauth.Session, account.User, error) {
	if !isUUID(id) {
		return oauth.Session{}, account.User{}, fault.ErrNotFound
	}
	r, err := s.sessionReads.Do(ctx, id)
	return r.session, r.user, translate(err)
}

// readSessions reads the sessions of several calls. After an error of the statement, each call reads its own.
func (s *Store) readSessions(calls []*sessionRead) {
	ids := make([][16]byte, len(calls)) // pgx sends texts as texts
	for i, c := range calls {
		ids[i] = uuid.MustParse(c.In)
	}
	rows, err := queryAll(context.Background(), s, scanSessionAndUser, sessionsByID, filledUp(ids))
	if err != nil {
		answerOutage(calls, err)
		return
	}
	found := make(map[string]sessionAndUser, len(rows))
	for _, r := range rows {
		found[r.session.ID] = r
	}
	for _, c := range calls {
		if r, ok := found[c.In]; ok {
			c.Answer(r, nil)
		} else {
			c.Answer(r, fault.ErrNotFound)
		}
	}
}

// answerOutage answers calls with the error of their statement if the database did not respond to it, so that
// they do not all wait for it again.
func answerOutage[In any](calls []*coalesce.Call[In, sessionAndUser], err error) {
	if code(err) != "" {
		return
	}
	for _, c := range calls {
		c.Answer(sessionAndUser{}, err)
	}
}

// SessionByFamily implements oauth.SessionStore.
func (s *Store) SessionByFamily(ctx context.Context, family []byte) (oauth.Session, account.User, error) {
	r, err := queryOne(ctx, s, scanSessionAndUser, sessionByFamily, family)
	return r.session, r.user, err
}
