package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// raceRefresh refreshes s while it calls do. It returns the session afterwards, and whether it is live.
func raceRefresh(t *testing.T, db Database, s oauth.Session, do func() error) (after oauth.Session, live bool) {
	t.Helper()
	errs := inParallel(2, func(i int) error {
		if i == 0 {
			return do()
		}
		err := rotate(t.Context(), db, rotation(s))
		if errors.Is(err, fault.ErrNotFound) { // do was first
			return nil
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
	after, u, err := db.SessionByID(t.Context(), s.ID)
	if errors.Is(err, fault.ErrNotFound) {
		return after, false
	}
	require.NoError(t, err)
	return after, after.RevokedAt.IsZero() && u.Active && u.Epoch == after.UserEpoch
}

func raceRefreshAndDisabling(t *testing.T, db Database) {
	for range rounds {
		u := mustCreateUser(t, db, nil)
		s, live := raceRefresh(t, db, mustCreateSession(t, db, u, nil), func() error {
			return setActive(t.Context(), db, u.ID, false, noon)
		})
		require.False(t, live)
		require.Equal(t, oauth.EndedByDisable, s.RevokedReason)
	}
}

// raceRefreshAndPassword refreshes the session that is kept, or another one.
func raceRefreshAndPassword(t *testing.T, db Database) {
	for i := range rounds {
		u := mustCreateUser(t, db, nil)
		kept, ended := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
		refreshed := []oauth.Session{kept, ended}[i%2]
		after, live := raceRefresh(t, db, refreshed, func() error {
			return setPassword(t.Context(), db, u.ID, "new", kept.ID, noon)
		})
		require.Equal(t, refreshed.ID == kept.ID, live)
		if !live {
			require.Equal(t, oauth.EndedByPassword, after.RevokedReason)
		}
		got, _, err := db.SessionByID(t.Context(), ended.ID)
		require.NoError(t, err)
		require.Equal(t, oauth.EndedByPassword, got.RevokedReason)
	}
}

func raceRefreshAndDeletion(t *testing.T, db Database) {
	for range rounds {
		u := mustCreateUser(t, db, nil)
		_, live := raceRefresh(t, db, mustCreateSession(t, db, u, nil), func() error {
			return db.DeleteUser(t.Context(), u.ID, noon, noRecord)
		})
		require.False(t, live)
	}
}

// raceSignInAndPassword signs in with the old password while it is changed. The sign-in fails, or its
// session is revoked.
func raceSignInAndPassword(t *testing.T, db Database) {
	for range rounds {
		u := mustCreateUser(t, db, nil)
		s := newSession(u)
		errs := inParallel(2, func(i int) error {
			if i == 0 {
				return setPassword(t.Context(), db, u.ID, "new", "", noon)
			}
			return db.CreateSession(t.Context(), s, noRecord)
		})
		require.NoError(t, errs[0])
		if errs[1] != nil {
			require.ErrorIs(t, errs[1], fault.ErrNotFound)
			_, _, err := db.SessionByID(t.Context(), s.ID)
			require.ErrorIs(t, err, fault.ErrNotFound)
			continue
		}
		requireSession(t, db, revoked(s, noon, oauth.EndedByPassword))
	}
}

// raceAllChanges makes all changes of the same sessions at once, which must not deadlock.
func raceAllChanges(t *testing.T, db Database) {
	c, u := mustCreateClient(t, db), mustCreateUser(t, db, nil)
	var kept oauth.Session
	for range 20 {
		kept = mustCreateSession(t, db, u, func(s *oauth.Session) { s.ClientID = c.ID })
	}
	setClientActive := func(active bool) error {
		return db.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: &active}, noon, noRecord)
	}
	changes := []func() error{
		func() error { return setPassword(t.Context(), db, u.ID, "new", kept.ID, noon) },
		func() error {
			_, err := db.RevokeSessions(t.Context(), u.ID, "", oauth.EndedByUser, noon, noRecord)
			return err
		},
		func() error { return setClientActive(false) },
		func() error { return setClientActive(true) },
		func() error { _, err := db.PurgeSessions(t.Context(), noon.Add(time.Second), 5); return err },
		func() error {
			err := db.CreateSession(t.Context(), newSession(u), noRecord)
			if errors.Is(err, fault.ErrNotFound) { // the password has been changed
				return nil
			}
			return err
		},
	}
	errs := inParallel(24, func(i int) error { return changes[i%len(changes)]() })
	require.NoError(t, errors.Join(errs...))
}
