package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func testSessions(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"live":           sessionLive,
		"refused":        sessionRefused,
		"borders":        sessionBorders,
		"ended":          sessionEnded,
		"in use already": sessionExists,
	})
}

func sessionLive(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	s := newSession(u)
	requireFilled(t, s)
	require.NoError(t, w.CreateSession(t.Context(), s))

	other := mustCreate(t, w, nil)
	bare := oauth.Session{ // what may be empty is empty
		ID: newUUID(), FamilyID: random(16), UserID: other.ID, UserEpoch: other.Epoch,
		IdleUntil: s.IdleUntil, AbsoluteUntil: s.AbsoluteUntil,
	}
	require.NoError(t, w.CreateSession(t.Context(), bare))

	for id, want := range map[string]account.User{s.ID: u, bare.ID: other} {
		got, err := w.SessionUser(t.Context(), id, noon)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func sessionRefused(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	off := mustCreate(t, w, func(u *account.User) { u.Active = false })
	for name, edit := range map[string]func(*oauth.Session){
		"no such user":         func(s *oauth.Session) { s.UserID = newUUID() },
		"no id":                func(s *oauth.Session) { s.UserID = "x" },
		"not active":           func(s *oauth.Session) { s.UserID, s.UserEpoch = off.ID, off.Epoch },
		"the epoch has passed": func(s *oauth.Session) { s.UserEpoch-- },
		"the epoch to come":    func(s *oauth.Session) { s.UserEpoch++ },
	} {
		s := newSession(u)
		edit(&s)
		require.ErrorIs(t, w.CreateSession(t.Context(), s), account.ErrNotFound, name)

		// Nothing was stored: the id and the family are still free.
		s.UserID, s.UserEpoch = u.ID, u.Epoch
		require.NoError(t, w.CreateSession(t.Context(), s), name)
	}
}

func sessionBorders(t *testing.T, w World) {
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
		s := newSession(u)
		s.IdleUntil, s.AbsoluteUntil = noon.Add(test.idle), noon.Add(test.absolute)
		require.NoError(t, w.CreateSession(t.Context(), s), name)
		now := noon.Add(test.now).In(time.FixedZone("east", 3600))
		got, err := w.SessionUser(t.Context(), s.ID, now)
		if !test.live {
			require.ErrorIs(t, err, account.ErrNotFound, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, u, got, name)
	}
}

func sessionEnded(t *testing.T, w World) {
	for name, end := range map[string]func(s oauth.Session) string{
		"revoked": func(s oauth.Session) string {
			return `UPDATE sessions SET revoked_at = created_at WHERE id = '` + s.ID + `'`
		},
		"not active": func(s oauth.Session) string { return `UPDATE users SET active = FALSE WHERE id = '` + s.UserID + `'` },
		"new epoch": func(s oauth.Session) string {
			return `UPDATE users SET epoch = epoch + 1 WHERE id = '` + s.UserID + `'`
		},
		"user gone": func(s oauth.Session) string { return `DELETE FROM users WHERE id = '` + s.UserID + `'` },
	} {
		s, bystander := newSession(mustCreate(t, w, nil)), newSession(mustCreate(t, w, nil))
		require.NoError(t, w.CreateSession(t.Context(), s), name)
		require.NoError(t, w.CreateSession(t.Context(), bystander), name)
		w.Exec(t, end(s))
		_, err := w.SessionUser(t.Context(), s.ID, noon)
		require.ErrorIs(t, err, account.ErrNotFound, name)
		_, err = w.SessionUser(t.Context(), bystander.ID, noon)
		require.NoError(t, err, name)
	}
	for _, id := range []string{"", "x", newUUID(), "\x00"} {
		_, err := w.SessionUser(t.Context(), id, noon)
		require.ErrorIs(t, err, account.ErrNotFound, id)
	}
}

func sessionExists(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	first := newSession(u)
	require.NoError(t, w.CreateSession(t.Context(), first))
	sameID, sameFamily := newSession(u), newSession(u)
	sameID.ID, sameFamily.FamilyID = first.ID, first.FamilyID
	require.ErrorIs(t, w.CreateSession(t.Context(), sameID), oauth.ErrExists)
	require.ErrorIs(t, w.CreateSession(t.Context(), sameFamily), oauth.ErrExists)
}
