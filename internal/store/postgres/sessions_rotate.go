package postgres

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/store/coalesce"
)

// rotateWhere is what a rotation changes and when it may. It takes its parameters and the user of the session from
// r, and returns the session and its user, followed by the additional columns.
func rotateWhere(session, additional string) string {
	return `
	UPDATE sessions s SET counter = s.counter + 1, rotated_at = r.now, last_used_at = r.now,
		idle_until = LEAST(r.idle_until, s.absolute_until), address = r.address, repeats = 0
	FROM r LEFT JOIN LATERAL (SELECT * FROM users u WHERE u.id = r.user_id LIMIT 1) u ON TRUE
	WHERE ` + session + ` AND s.counter = r.counter AND s.client_id = r.client_id AND ` + sessionLive("r.now") + `
		AND (s.user_id IS NULL OR u.epoch = s.user_epoch AND ` + store.UserActive("r.now") + `)
	RETURNING ` + sessionAndUserColumns + additional
}

// rotateSession rotates one session. Of several callers with the same counter, the first one locks the row.
// The others wait, read the row again and find another counter. They do not read the users table again, so
// every change that ends the sessions of a user must also change the session rows.
var rotateSession = `
	WITH r AS (SELECT $1::timestamptz AS now, $2::timestamptz AS idle_until, $3::text AS address,
		$4::bytea AS family_id, $5::bigint AS counter, $6::text AS client_id,
		(SELECT user_id FROM sessions WHERE family_id = $4))` + rotateWhere(`s.family_id = r.family_id`, ``)

// rotateSessions rotates several sessions, which is one commit. It skips those that another transaction has
// locked, so that it never waits and never deadlocks, and those that another one has changed since the statement
// began: the row that was locked is then not the one that the statement sees. Of rotations of the same session it
// makes at most one. n is the position of the rotation in the parameters.
var rotateSessions = `
	WITH r AS (
		SELECT i.*, s.user_id, s.ctid FROM unnest($1::timestamptz[], $2::timestamptz[], $3::text[], $4::bytea[], $5::bigint[], $6::text[])
			WITH ORDINALITY AS i(now, idle_until, address, family_id, counter, client_id, n)
		JOIN LATERAL (SELECT s.user_id, s.ctid FROM sessions s WHERE s.family_id = i.family_id FOR NO KEY UPDATE SKIP LOCKED) s ON TRUE)` +
	rotateWhere(`s.ctid = r.ctid`, `, r.n`)

// One flight makes the fewest statements. But a lone rotation may have to wait for the lock of another
// transaction, and must not hold up all others.
const (
	rotationFlights  = 2
	rotationPatience = 10 * time.Millisecond
	rotationBatch    = 128
)

type (
	rotations    = coalesce.Group[oauth.Rotation, store.SessionAndUser]
	rotationCall = coalesce.Call[oauth.Rotation, store.SessionAndUser]
)

func (s *Store) newRotations() *rotations {
	o := coalesce.Options[oauth.Rotation]{Flights: rotationFlights, Patience: rotationPatience, Batch: rotationBatch}
	return coalesce.New(o, s.rotateSessions, s.rotateOne)
}

// RotateSession implements oauth.SessionStore. Simultaneous calls share a statement and a commit.
func (s *Store) RotateSession(ctx context.Context, r oauth.Rotation) (oauth.Session, account.User, error) {
	after, err := s.rotations.Do(ctx, r)
	return after.Session, after.User, translate(err)
}

func (s *Store) rotateOne(ctx context.Context, r oauth.Rotation) (store.SessionAndUser, error) {
	return queryOne(ctx, s, scanSessionAndUser, rotateSession,
		storedTime(r.Now), storedTime(r.IdleUntil), r.Address, r.FamilyID, r.Counter, r.ClientID)
}

// rotateSessions makes the rotations of several calls. It leaves those unanswered that it did not make: each
// caller then finds out alone whether its rotation is allowed.
func (s *Store) rotateSessions(calls []*rotationCall) {
	var row sessionAndUserRow
	var n int
	rotated := make([]*store.SessionAndUser, len(calls)) // no answer before the commit
	err := s.queryEach(context.Background(), append(row.columns(), &n), func() {
		value := row.value()
		rotated[n-1] = &value
	}, rotateSessions, rotationArrays(calls)...)
	if err != nil {
		answerOutage(calls, err)
		return
	}
	for i, r := range rotated {
		if r != nil {
			calls[i].Answer(*r, nil)
		}
	}
}

// rotationArrays returns the parameters of several rotations, each as an array. Elements that only fill them up
// have no family, so they match no session.
func rotationArrays(calls []*rotationCall) []any {
	n := max(len(calls), plannedElements)
	now, idle, address := make([]time.Time, n), make([]time.Time, n), make([]string, n)
	family, counter, client := make([][]byte, n), make([]int64, n), make([]string, n)
	for i, c := range calls {
		r := c.In
		now[i], idle[i], address[i] = storedTime(r.Now), storedTime(r.IdleUntil), r.Address
		family[i], counter[i], client[i] = r.FamilyID, r.Counter, r.ClientID
	}
	return []any{now, idle, address, family, counter, client}
}
