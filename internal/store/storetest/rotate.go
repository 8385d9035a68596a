package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func testRotate(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"rotate":        rotateSession,
		"of a client":   rotateOwn,
		"refused":       rotateRefused,
		"borders":       rotateBorders,
		"fifty at once": rotateFifty,
		"repeat":        rotateRepeat,
	})
}

// rotation is the one that s allows.
func rotation(s oauth.Session) oauth.Rotation {
	return oauth.Rotation{
		FamilyID: s.FamilyID, Counter: s.Counter, ClientID: s.ClientID, Address: "192.0.2.7",
		Now: noon.Add(30 * time.Minute), IdleUntil: noon.Add(90 * time.Minute),
	}
}

// rotated is s after r.
func rotated(s oauth.Session, r oauth.Rotation) oauth.Session {
	s.Counter, s.Repeats, s.Address = s.Counter+1, 0, r.Address
	s.RotatedAt, s.LastUsedAt, s.IdleUntil = r.Now, r.Now, r.IdleUntil
	return s
}

func rotateSession(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	s, bystander := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil)
	r := rotation(s)
	require.NoError(t, w.RotateSession(t.Context(), r))
	s = rotated(s, r)
	requireSession(t, w, s)
	require.ErrorIs(t, w.RotateSession(t.Context(), r), account.ErrNotFound)
	requireSession(t, w, s)

	r = rotation(s)
	r.IdleUntil = s.AbsoluteUntil.Add(time.Hour)
	require.NoError(t, w.RotateSession(t.Context(), r))
	r.IdleUntil = s.AbsoluteUntil // and no longer
	requireSession(t, w, rotated(s, r))
	requireSession(t, w, bystander)
	requireUser(t, w, u)
}

func rotateOwn(t *testing.T, w World) {
	s := newOwnSession()
	require.NoError(t, w.CreateSession(t.Context(), s, none))
	require.NoError(t, w.RotateSession(t.Context(), rotation(s)))
	requireSession(t, w, rotated(s, rotation(s)))
}

func rotateRefused(t *testing.T, w World) {
	for name, edit := range map[string]func(*oauth.Rotation){
		"another family":   func(r *oauth.Rotation) { r.FamilyID = random(16) },
		"no family":        func(r *oauth.Rotation) { r.FamilyID = nil },
		"an older counter": func(r *oauth.Rotation) { r.Counter-- },
		"one to come":      func(r *oauth.Rotation) { r.Counter++ },
		"another client":   func(r *oauth.Rotation) { r.ClientID = "other" },
		"no client":        func(r *oauth.Rotation) { r.ClientID = "" },
	} {
		s := mustSignIn(t, w, mustCreate(t, w, nil), nil)
		r := rotation(s)
		edit(&r)
		require.ErrorIs(t, w.RotateSession(t.Context(), r), account.ErrNotFound, name)
		requireSession(t, w, s, name)
	}
	for name, end := range map[string]string{
		"revoked":    `UPDATE sessions SET revoked_at = created_at WHERE user_id = '%s'`,
		"not active": `UPDATE users SET active = FALSE WHERE id = '%s'`,
		"new epoch":  `UPDATE users SET epoch = epoch + 1 WHERE id = '%s'`,
		"old epoch":  `UPDATE users SET epoch = epoch - 1 WHERE id = '%s'`,
		"user gone":  `DELETE FROM users WHERE id = '%s'`,
	} {
		u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
		s, bystander := mustSignIn(t, w, u, nil), mustSignIn(t, w, other, nil)
		w.Exec(t, fmt.Sprintf(end, u.ID))
		before, _, _ := w.SessionByID(t.Context(), s.ID)
		require.ErrorIs(t, w.RotateSession(t.Context(), rotation(s)), account.ErrNotFound, name)
		after, _, _ := w.SessionByID(t.Context(), s.ID)
		require.Equal(t, before, after, name)
		require.NoError(t, w.RotateSession(t.Context(), rotation(bystander)), name)
	}
}

func rotateBorders(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	for name, test := range map[string]struct {
		idle, absolute time.Duration // after noon
		now            time.Duration
		live           bool
	}{
		"before both ends":        {idle: 10 * time.Second, absolute: 20 * time.Second, now: 9*time.Second + 999*time.Millisecond, live: true},
		"at the idle end":         {idle: 10 * time.Second, absolute: 20 * time.Second, now: 10 * time.Second},
		"past the idle end":       {idle: 10 * time.Second, absolute: 20 * time.Second, now: 11 * time.Second},
		"before the last end":     {idle: 30 * time.Second, absolute: 20 * time.Second, now: 19 * time.Second, live: true},
		"at the absolute end":     {idle: 30 * time.Second, absolute: 20 * time.Second, now: 20 * time.Second},
		"past the absolute end":   {idle: 30 * time.Second, absolute: 20 * time.Second, now: 21 * time.Second},
		"before it was made":      {idle: 10 * time.Second, absolute: 20 * time.Second, now: -time.Second, live: true},
		"in the very last moment": {idle: 10 * time.Second, absolute: 10 * time.Second, now: 10*time.Second - 1, live: true},
	} {
		s := mustSignIn(t, w, u, func(s *oauth.Session) { s.IdleUntil, s.AbsoluteUntil = noon.Add(test.idle), noon.Add(test.absolute) })
		r := rotation(s)
		r.Now = noon.Add(test.now).In(time.FixedZone("east", 3600))
		err := w.RotateSession(t.Context(), r)
		if !test.live {
			require.ErrorIs(t, err, account.ErrNotFound, name)
			requireSession(t, w, s, name)
			continue
		}
		require.NoError(t, err, name)
		r.Now, r.IdleUntil = r.Now.UTC().Truncate(time.Second), s.AbsoluteUntil
		requireSession(t, w, rotated(s, r), name)
	}
}

func rotateFifty(t *testing.T, w World) {
	s := mustSignIn(t, w, mustCreate(t, w, nil), nil)
	for range 3 {
		won := 0
		for _, err := range inParallel(50, func(int) error { return w.RotateSession(t.Context(), rotation(s)) }) {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, account.ErrNotFound)
		}
		require.Equal(t, 1, won)
		s = rotated(s, rotation(s))
		requireSession(t, w, s)
	}
}

func rotateRepeat(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	s, bystander := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil)
	errs := inParallel(20, func(int) error { return w.RepeatRotation(t.Context(), s.FamilyID, s.Counter) })
	require.NoError(t, errors.Join(errs...))
	s.Repeats += 20 // and no other field
	requireSession(t, w, s)

	require.ErrorIs(t, w.RepeatRotation(t.Context(), s.FamilyID, s.Counter-1), account.ErrNotFound)
	require.ErrorIs(t, w.RepeatRotation(t.Context(), s.FamilyID, s.Counter+1), account.ErrNotFound)
	require.ErrorIs(t, w.RepeatRotation(t.Context(), random(16), s.Counter), account.ErrNotFound)
	requireSession(t, w, s)
	require.NoError(t, w.RevokeSession(t.Context(), s.ID, "", oauth.EndedByReuse, noon, none))
	require.ErrorIs(t, w.RepeatRotation(t.Context(), s.FamilyID, s.Counter), account.ErrNotFound)
	requireSession(t, w, ended(s, noon, oauth.EndedByReuse))
	requireSession(t, w, bystander)
}
