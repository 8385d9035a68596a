package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

var sessionRotationTests = tests[Database]{
	"rotate":              rotateSession,
	"of a client":         rotateClientSession,
	"wrong rotation":      rotateWrongRotation,
	"ended session":       rotateEndedSession,
	"times of the end":    rotateTimes,
	"fifty at once":       rotateFifty,
	"repeat":              rotateRepeat,
	"repeat, wrong token": rotateRepeatWrongToken,
}

// rotation returns the rotation that the newest refresh token of s allows.
func rotation(s oauth.Session) oauth.Rotation {
	return oauth.Rotation{
		FamilyID: s.FamilyID, Counter: s.Counter, ClientID: s.ClientID, Address: "192.0.2.7",
		Now: noon.Add(30 * time.Minute), IdleUntil: noon.Add(90 * time.Minute),
	}
}

// rotated returns s as it is after r.
func rotated(s oauth.Session, r oauth.Rotation) oauth.Session {
	s.Counter, s.Repeats, s.Address = s.Counter+1, 0, r.Address
	s.RotatedAt, s.LastUsedAt, s.IdleUntil = r.Now, r.Now, r.IdleUntil
	return s
}

func rotateSession(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s, unaffected := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
	r := rotation(s)
	require.NoError(t, db.RotateSession(t.Context(), r))
	s = rotated(s, r)
	requireSession(t, db, s)
	require.ErrorIs(t, db.RotateSession(t.Context(), r), fault.ErrNotFound)
	requireSession(t, db, s)
	requireSession(t, db, unaffected)
	requireUser(t, db, u)
}

// rotateIdleEnd checks that a rotation does not extend a session past its absolute end.
func rotateClientSession(t *testing.T, db Database) {
	s := newClientSession()
	require.NoError(t, db.CreateSession(t.Context(), s, noRecord))
	require.NoError(t, db.RotateSession(t.Context(), rotation(s)))
	requireSession(t, db, rotated(s, rotation(s)))
}

func rotateWrongRotation(t *testing.T, db Database) {
	for name, edit := range map[string]func(*oauth.Rotation){
		"another family":   func(r *oauth.Rotation) { r.FamilyID = randomBytes(16) },
		"no family":        func(r *oauth.Rotation) { r.FamilyID = nil },
		"previous counter": func(r *oauth.Rotation) { r.Counter-- },
		"next counter":     func(r *oauth.Rotation) { r.Counter++ },
		"another client":   func(r *oauth.Rotation) { r.ClientID = "other" },
		"no client":        func(r *oauth.Rotation) { r.ClientID = "" },
	} {
		s := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
		r := rotation(s)
		edit(&r)
		require.ErrorIs(t, db.RotateSession(t.Context(), r), fault.ErrNotFound, name)
		requireSession(t, db, s, name)
	}
}

func rotateEndedSession(t *testing.T, db Database) {
	for name, end := range map[string]string{
		"revoked":         `UPDATE sessions SET revoked_at = created_at WHERE user_id = '%s'`,
		"user not active": `UPDATE users SET active = FALSE WHERE id = '%s'`,
		"next epoch":      `UPDATE users SET epoch = epoch + 1 WHERE id = '%s'`,
		"previous epoch":  `UPDATE users SET epoch = epoch - 1 WHERE id = '%s'`,
		"user deleted":    `DELETE FROM users WHERE id = '%s'`,
	} {
		u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
		s, unaffected := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, other, nil)
		db.Exec(t, fmt.Sprintf(end, u.ID))
		before, _, _ := db.SessionByID(t.Context(), s.ID)
		require.ErrorIs(t, db.RotateSession(t.Context(), rotation(s)), fault.ErrNotFound, name)
		after, _, _ := db.SessionByID(t.Context(), s.ID)
		require.Equal(t, before, after, name)
		require.NoError(t, db.RotateSession(t.Context(), rotation(unaffected)), name)
	}
}

func rotateTimes(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	for name, test := range map[string]struct {
		idle, absolute, now time.Duration // after noon
		live                bool
	}{
		"before both ends":        {idle: 10 * time.Second, absolute: 20 * time.Second, now: 9*time.Second + 999*time.Millisecond, live: true},
		"at the idle end":         {idle: 10 * time.Second, absolute: 20 * time.Second, now: 10 * time.Second},
		"after the idle end":      {idle: 10 * time.Second, absolute: 20 * time.Second, now: 11 * time.Second},
		"before the absolute end": {idle: 30 * time.Second, absolute: 20 * time.Second, now: 19 * time.Second, live: true},
		"at the absolute end":     {idle: 30 * time.Second, absolute: 20 * time.Second, now: 20 * time.Second},
		"after the absolute end":  {idle: 30 * time.Second, absolute: 20 * time.Second, now: 21 * time.Second},
		"before it was created":   {idle: 10 * time.Second, absolute: 20 * time.Second, now: -time.Second, live: true},
		"in the last nanosecond":  {idle: 10 * time.Second, absolute: 10 * time.Second, now: 10*time.Second - 1, live: true},
	} {
		s := mustCreateSession(t, db, u, func(s *oauth.Session) { s.IdleUntil, s.AbsoluteUntil = noon.Add(test.idle), noon.Add(test.absolute) })
		r := rotation(s)
		r.Now, r.IdleUntil = noon.Add(test.now).In(time.FixedZone("east", 3600)), s.AbsoluteUntil
		err := db.RotateSession(t.Context(), r)
		if !test.live {
			require.ErrorIs(t, err, fault.ErrNotFound, name)
			requireSession(t, db, s, name)
			continue
		}
		require.NoError(t, err, name)
		r.Now = r.Now.UTC().Truncate(time.Second)
		requireSession(t, db, rotated(s, r), name)
	}
}

func rotateFifty(t *testing.T, db Database) {
	s := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	for range 3 {
		requireOneSucceeds(t, fault.ErrNotFound, inParallel(50, func(int) error {
			return db.RotateSession(t.Context(), rotation(s))
		}))
		s = rotated(s, rotation(s))
		requireSession(t, db, s)
	}
}

func rotateRepeat(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s, unaffected := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
	errs := inParallel(20, func(int) error { return db.RepeatRotation(t.Context(), s.FamilyID, s.Counter) })
	require.NoError(t, errors.Join(errs...))
	s.Repeats += 20
	requireSession(t, db, s)
	requireSession(t, db, unaffected)
}

func rotateRepeatWrongToken(t *testing.T, db Database) {
	s := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	require.ErrorIs(t, db.RepeatRotation(t.Context(), s.FamilyID, s.Counter-1), fault.ErrNotFound)
	require.ErrorIs(t, db.RepeatRotation(t.Context(), s.FamilyID, s.Counter+1), fault.ErrNotFound)
	require.ErrorIs(t, db.RepeatRotation(t.Context(), randomBytes(16), s.Counter), fault.ErrNotFound)
	requireSession(t, db, s)
	require.NoError(t, db.RevokeSession(t.Context(), s.ID, "", oauth.EndedByReuse, noon, noRecord))
	require.ErrorIs(t, db.RepeatRotation(t.Context(), s.FamilyID, s.Counter), fault.ErrNotFound)
	requireSession(t, db, revoked(s, noon, oauth.EndedByReuse))
}
