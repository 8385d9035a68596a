package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

var sessionRotationTests = tests[Database]{
	"rotate":              rotateSession,
	"of a client":         rotateClientSession,
	"wrong rotation":      rotateWrongRotation,
	"ended session":       rotateEndedSession,
	"times of the end":    rotateTimes,
	"idle end":            rotateIdleEnd,
	"fifty at once":       rotateFifty,
	"many at once":        rotateManyAtOnce,
	"read many at once":   readManyAtOnce,
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

// rotate rotates a session and leaves out what that returns.
func rotate(ctx context.Context, db Database, r oauth.Rotation) error {
	_, _, err := db.RotateSession(ctx, r)
	return err
}

func rotateSession(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s, unaffected := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
	r := rotation(s)
	after, user, err := db.RotateSession(t.Context(), r)
	require.NoError(t, err)
	s = rotated(s, r)
	require.Equal(t, s, after)
	require.Equal(t, u, user)
	requireSession(t, db, s)
	require.ErrorIs(t, rotate(t.Context(), db, r), fault.ErrNotFound)
	requireSession(t, db, s)
	requireSession(t, db, unaffected)
	requireUser(t, db, u)
}

func rotateClientSession(t *testing.T, db Database) {
	s := newClientSession()
	require.NoError(t, db.CreateSession(t.Context(), s, noRecord))
	after, user, err := db.RotateSession(t.Context(), rotation(s))
	require.NoError(t, err)
	require.Equal(t, rotated(s, rotation(s)), after)
	require.Zero(t, user)
	requireSession(t, db, after)
}

// rotateIdleEnd checks that a rotation does not extend a session past its absolute end.
func rotateIdleEnd(t *testing.T, db Database) {
	s := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	r := rotation(s)
	r.IdleUntil = s.AbsoluteUntil.Add(time.Second)
	require.NoError(t, rotate(t.Context(), db, r))
	r.IdleUntil = s.AbsoluteUntil
	requireSession(t, db, rotated(s, r))
}

// rotateManyAtOnce rotates many sessions at once, each several times with the same token, which may share
// one statement. Every caller must get its own session, and of each session exactly one must succeed.
func rotateManyAtOnce(t *testing.T, db Database) {
	const each = 3
	sessions := make([]oauth.Session, 24)
	users := make([]account.User, len(sessions))
	for i := range sessions {
		users[i] = mustCreateUser(t, db, nil)
		sessions[i] = mustCreateSession(t, db, users[i], nil)
	}
	ended := sessions[0]
	require.NoError(t, db.RevokeSession(t.Context(), ended.ID, "", oauth.EndedByUser, noon, noRecord))
	errs := inParallel(each*len(sessions), func(i int) error {
		s := sessions[i%len(sessions)]
		after, user, err := db.RotateSession(t.Context(), rotation(s))
		if err == nil && (after.ID != s.ID || after.Counter != s.Counter+1 || user.ID != s.UserID) {
			return errors.New("the session of another caller")
		}
		return err
	})
	for i := range sessions {
		if i == 0 {
			require.ErrorIs(t, errors.Join(errs[0], errs[len(sessions)]), fault.ErrNotFound)
			continue
		}
		requireOneSucceeds(t, fault.ErrNotFound, []error{errs[i], errs[i+len(sessions)], errs[i+2*len(sessions)]})
		requireSession(t, db, rotated(sessions[i], rotation(sessions[i])))
	}
}

// readManyAtOnce reads many sessions at once, of which some do not exist.
func readManyAtOnce(t *testing.T, db Database) {
	sessions := make([]oauth.Session, 12)
	for i := range sessions {
		sessions[i] = mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	}
	errs := inParallel(96, func(i int) error {
		s := sessions[i%len(sessions)]
		if i%5 == 0 {
			_, _, err := db.SessionByID(t.Context(), uuid.NewString())
			return requireIs(err, fault.ErrNotFound)
		}
		got, user, err := db.SessionByID(t.Context(), s.ID)
		if i%2 == 0 {
			got, user, err = db.SessionByFamily(t.Context(), s.FamilyID)
		}
		if err == nil && (got.ID != s.ID || user.ID != s.UserID) {
			return errors.New("the session of another caller")
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
}

// requireIs returns nil if err is the wanted error.
func requireIs(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("got %w, want %w", err, want)
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
		require.ErrorIs(t, rotate(t.Context(), db, r), fault.ErrNotFound, name)
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
		require.ErrorIs(t, rotate(t.Context(), db, rotation(s)), fault.ErrNotFound, name)
		after, _, _ := db.SessionByID(t.Context(), s.ID)
		require.Equal(t, before, after, name)
		require.NoError(t, rotate(t.Context(), db, rotation(unaffected)), name)
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
		err := rotate(t.Context(), db, r)
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
			return rotate(t.Context(), db, rotation(s))
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
