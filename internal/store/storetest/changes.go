package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// testChanges are of what ends a user's sessions.
func testChanges(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"password":              changePassword,
		"password, which kept":  changePasswordKeeps,
		"active":                changeActive,
		"delete":                changeDelete,
		"refresh and disabling": raceDisable,
		"refresh and password":  racePassword,
		"refresh and deletion":  raceDelete,
		"sign-in and password":  raceSignIn,
		"everything at once":    raceEverything,
	})
}

func changePassword(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	kept, lost, foreign := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil), mustSignIn(t, w, other, nil)
	before := mustSignIn(t, w, u, func(s *oauth.Session) { *s = ended(*s, noon, oauth.EndedByReuse) })
	later := u.UpdatedAt.Add(-time.Minute) // a clock that is behind does not turn updated_at back
	require.NoError(t, setPassword(t.Context(), w, u.ID, "new", kept.ID, later))
	u.PasswordHash, u.Epoch = "new", u.Epoch+1
	requireUser(t, w, u)
	requireUser(t, w, other)
	kept.UserEpoch = u.Epoch
	lost = ended(lost, later, oauth.EndedByPassword)
	for _, s := range []oauth.Session{kept, lost, before, foreign} {
		requireSession(t, w, s)
	}
	require.NoError(t, w.RotateSession(t.Context(), rotation(kept)))

	at := u.UpdatedAt.Add(-time.Second)
	require.NoError(t, setPassword(t.Context(), w, u.ID, "newer", "", at))
	requireSession(t, w, ended(rotated(kept, rotation(kept)), at, oauth.EndedByPassword))
	requireSession(t, w, lost) // the first reason stays
}

// changePasswordKeeps: only a live session of this very user can be kept.
func changePasswordKeeps(t *testing.T, w World) {
	some := mustSignIn(t, w, mustCreate(t, w, nil), nil)
	keeps := map[string]func(dead, stale, foreign oauth.Session) string{
		"a dead one":      func(dead, _, _ oauth.Session) string { return dead.ID },
		"a stale one":     func(_, stale, _ oauth.Session) string { return stale.ID },
		"another user's":  func(_, _, foreign oauth.Session) string { return foreign.ID },
		"another's other": func(_, _, _ oauth.Session) string { return some.ID },
	}
	for _, id := range notIDs(some.ID) {
		keeps[id] = func(_, _, _ oauth.Session) string { return id }
	}
	for name, keep := range keeps {
		u, other := mustCreate(t, w, nil), mustCreate(t, w, nil) // of one epoch
		live, stale, foreign := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil), mustSignIn(t, w, other, nil)
		dead := mustSignIn(t, w, u, func(s *oauth.Session) { *s = ended(*s, noon, oauth.EndedByReuse) })
		w.Exec(t, `UPDATE sessions SET user_epoch = user_epoch - 1 WHERE id = '`+stale.ID+`'`)
		stale.UserEpoch--
		require.NoError(t, setPassword(t.Context(), w, u.ID, "new", keep(dead, stale, foreign), noon), name)
		for _, s := range []oauth.Session{dead, foreign, ended(live, noon, oauth.EndedByPassword), ended(stale, noon, oauth.EndedByPassword)} {
			requireSession(t, w, s, name)
		}
	}
	requireSession(t, w, some)
}

func changeActive(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	s, foreign := mustSignIn(t, w, u, nil), mustSignIn(t, w, mustCreate(t, w, nil), nil)
	later := u.UpdatedAt.Add(time.Minute)                            // the session is over by then, which makes no difference
	require.NoError(t, setActive(t.Context(), w, u.ID, true, later)) // he is
	u.UpdatedAt = later
	requireUser(t, w, u)
	requireSession(t, w, s)

	require.NoError(t, setActive(t.Context(), w, u.ID, false, later))
	u.Active, u.Epoch = false, u.Epoch+1
	requireUser(t, w, u)
	s = ended(s, later, oauth.EndedByDisable)
	requireSession(t, w, s)
	requireSession(t, w, foreign)

	require.NoError(t, setActive(t.Context(), w, u.ID, true, later.Add(time.Hour)))
	u.Active, u.UpdatedAt = true, later.Add(time.Hour)
	requireUser(t, w, u)
	requireSession(t, w, s) // what has ended stays so
	mustSignIn(t, w, u, nil)
}

func changeDelete(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	s, foreign := mustSignIn(t, w, u, nil), mustSignIn(t, w, other, nil)
	require.NoError(t, w.DeleteUser(t.Context(), u.ID, noon, none))
	_, err := w.UserByID(t.Context(), u.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	_, _, err = w.SessionByFamily(t.Context(), s.FamilyID)
	require.ErrorIs(t, err, account.ErrNotFound)
	require.ErrorIs(t, w.DeleteUser(t.Context(), u.ID, noon, none), account.ErrNotFound)
	requireUser(t, w, other)
	requireSession(t, w, foreign)
	require.NoError(t, w.CreateUser(t.Context(), u, none)) // no role of his is left over
	requireUser(t, w, u)
}

// rounds is how often two acts race: each order comes many times.
const rounds = 60

// race has do and a refresh of s at once, and gives the session as it is then, and whether it lives.
func race(t *testing.T, w World, s oauth.Session, do func() error) (oauth.Session, bool) {
	t.Helper()
	errs := inParallel(2, func(i int) error {
		if i == 0 {
			return do()
		}
		err := w.RotateSession(t.Context(), rotation(s))
		if errors.Is(err, account.ErrNotFound) { // it came second
			return nil
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
	got, u, err := w.SessionByID(t.Context(), s.ID)
	if errors.Is(err, account.ErrNotFound) {
		return got, false
	}
	require.NoError(t, err)
	return got, got.RevokedAt.IsZero() && u.Active && u.Epoch == got.UserEpoch
}

func raceDisable(t *testing.T, w World) {
	for range rounds {
		u := mustCreate(t, w, nil)
		s, alive := race(t, w, mustSignIn(t, w, u, nil), func() error { return setActive(t.Context(), w, u.ID, false, noon) })
		require.False(t, alive)
		require.Equal(t, oauth.EndedByDisable, s.RevokedReason, "the row itself says so")
	}
}

func racePassword(t *testing.T, w World) {
	for i := range rounds {
		u := mustCreate(t, w, nil)
		mine, kept := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil)
		raced, lost := mine, mine
		if i%2 == 0 { // the one that is kept may be refreshed at the same moment
			raced = kept
		}
		s, alive := race(t, w, raced, func() error { return setPassword(t.Context(), w, u.ID, "new", kept.ID, noon) })
		require.Equal(t, raced.ID == kept.ID, alive)
		if !alive {
			require.Equal(t, oauth.EndedByPassword, s.RevokedReason, "the row itself says so")
		}
		got, _, err := w.SessionByID(t.Context(), lost.ID)
		require.NoError(t, err)
		require.Equal(t, oauth.EndedByPassword, got.RevokedReason)
	}
}

func raceDelete(t *testing.T, w World) {
	for range rounds {
		u := mustCreate(t, w, nil)
		_, alive := race(t, w, mustSignIn(t, w, u, nil), func() error { return w.DeleteUser(t.Context(), u.ID, noon, none) })
		require.False(t, alive)
	}
}

// raceSignIn: a sign-in that knew the old password loses, or its session is revoked.
func raceSignIn(t *testing.T, w World) {
	for range rounds {
		u := mustCreate(t, w, nil)
		s := newSession(u)
		errs := inParallel(2, func(i int) error {
			if i == 0 {
				return setPassword(t.Context(), w, u.ID, "new", "", noon)
			}
			return w.CreateSession(t.Context(), s, none)
		})
		require.NoError(t, errs[0])
		if errs[1] != nil {
			require.ErrorIs(t, errs[1], account.ErrNotFound)
			_, _, err := w.SessionByID(t.Context(), s.ID)
			require.ErrorIs(t, err, account.ErrNotFound)
			continue
		}
		requireSession(t, w, ended(s, noon, oauth.EndedByPassword))
	}
}

// raceEverything: acts that change the same sessions in orders of their own do not wait for each other.
func raceEverything(t *testing.T, w World) {
	c, u := newClient(), mustCreate(t, w, nil)
	require.NoError(t, w.CreateClient(t.Context(), c, none))
	var kept oauth.Session
	for range 20 {
		kept = mustSignIn(t, w, u, func(s *oauth.Session) { s.ClientID = c.ID })
	}
	off, on := false, true
	errs := inParallel(24, func(i int) error {
		switch i % 6 {
		case 0:
			return setPassword(t.Context(), w, u.ID, "new", kept.ID, noon)
		case 1:
			_, err := w.RevokeSessions(t.Context(), u.ID, "", oauth.EndedByUser, noon, none)
			return err
		case 2:
			return w.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: &off}, noon, none)
		case 3:
			return w.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: &on}, noon, none)
		case 4:
			_, err := w.PurgeSessions(t.Context(), noon.Add(time.Second), 5)
			return err
		default:
			err := w.CreateSession(t.Context(), newSession(u), none)
			if errors.Is(err, account.ErrNotFound) { // the epoch has passed
				return nil
			}
			return err
		}
	})
	require.NoError(t, errors.Join(errs...))
}
