package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func testSessions(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip":      sessionRoundTrip,
		"of a client":     sessionOwn,
		"missing":         sessionMissing,
		"whatever state":  sessionStates,
		"refused":         sessionRefused,
		"in use already":  sessionExists,
		"too many":        sessionTooMany,
		"sixty at once":   sessionSixty,
		"revoke one":      sessionRevoke,
		"revoke all":      sessionRevokeAll,
		"of a user":       sessionList,
		"purge":           sessionPurge,
		"purge, the ends": sessionPurgeEnds,
	})
}

func sessionRoundTrip(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	full := newSession(u)
	full.RevokedAt, full.RevokedReason = noon.Add(time.Hour), oauth.EndedByReuse
	requireFilled(t, full)
	bare := oauth.Session{ // what may be empty is empty
		ID: newUUID(), FamilyID: random(16), UserID: other.ID, UserEpoch: other.Epoch, Scopes: []string{}, IdleUntil: noon, AbsoluteUntil: noon,
		CreatedAt: noon, LastUsedAt: noon, RotatedAt: noon,
	}
	for _, want := range []struct {
		oauth.Session
		user account.User
	}{{full, u}, {bare, other}} {
		require.NoError(t, w.CreateSession(t.Context(), want.Session, none))
		got, user, err := w.SessionByID(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want.Session, got)
		require.Equal(t, want.user, user)
		got, user, err = w.SessionByFamily(t.Context(), want.FamilyID)
		require.NoError(t, err)
		require.Equal(t, want.Session, got)
		require.Equal(t, want.user, user)
	}
	east := mustSignIn(t, w, u, func(s *oauth.Session) {
		s.CreatedAt = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
	})
	east.CreatedAt = noon // equal to the second, and in UTC
	requireSession(t, w, east)
}

func sessionOwn(t *testing.T, w World) {
	own := newOwnSession()
	require.NoError(t, w.CreateSession(t.Context(), own, none))
	got, user, err := w.SessionByFamily(t.Context(), own.FamilyID)
	require.NoError(t, err)
	require.Equal(t, own, got)
	require.Equal(t, account.User{}, user)

	for range oauth.MaxSessions + 1 { // which is a limit for users only
		require.NoError(t, w.CreateSession(t.Context(), newOwnSession(), none))
	}
	requireSession(t, w, own)
	require.NoError(t, w.RevokeSession(t.Context(), own.ID, "", oauth.EndedByRevoke, noon, none))
	requireSession(t, w, ended(own, noon, oauth.EndedByRevoke))
}

func sessionMissing(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	s := mustSignIn(t, w, u, nil)
	for _, id := range notIDs(s.ID) {
		_, _, err := w.SessionByID(t.Context(), id)
		require.ErrorIs(t, err, account.ErrNotFound, id)
		require.ErrorIs(t, w.RevokeSession(t.Context(), id, "", "test", noon, none), account.ErrNotFound, id)
	}
	for _, id := range notIDs(u.ID) {
		if id != "" { // whose session it is does not matter then
			require.ErrorIs(t, w.RevokeSession(t.Context(), s.ID, id, "test", noon, none), account.ErrNotFound, id)
		}
		n, err := w.RevokeSessions(t.Context(), id, "", "test", noon, none)
		require.NoError(t, err, id)
		require.Zero(t, n, id)
		list, err := w.UserSessions(t.Context(), id, noon)
		require.NoError(t, err, id)
		require.Empty(t, list, id)
	}
	for _, family := range [][]byte{nil, {}, random(16), s.FamilyID[:15]} {
		_, _, err := w.SessionByFamily(t.Context(), family)
		require.ErrorIs(t, err, account.ErrNotFound)
	}
	requireSession(t, w, s)
}

// sessionStates: a session that has ended can be read, with the user as he is now.
func sessionStates(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	past := mustSignIn(t, w, u, func(s *oauth.Session) { s.IdleUntil, s.AbsoluteUntil = noon, noon })
	w.Exec(t, `UPDATE users SET active = FALSE, epoch = epoch + 1 WHERE id = '`+u.ID+`'`)
	u.Active, u.Epoch = false, u.Epoch+1
	got, user, err := w.SessionByID(t.Context(), past.ID)
	require.NoError(t, err)
	require.Equal(t, past, got)
	require.Equal(t, u, user)
	require.NoError(t, w.RevokeSession(t.Context(), past.ID, "", oauth.EndedByAdmin, noon, none))
	got, user, err = w.SessionByFamily(t.Context(), past.FamilyID)
	require.NoError(t, err)
	require.Equal(t, ended(past, noon, oauth.EndedByAdmin), got)
	require.Equal(t, u, user)
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
		require.ErrorIs(t, w.CreateSession(t.Context(), s, none), account.ErrNotFound, name)

		// Nothing was stored: the id and the family are still free.
		s.UserID, s.UserEpoch = u.ID, u.Epoch
		require.NoError(t, w.CreateSession(t.Context(), s, none), name)
	}
}

func sessionExists(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	first := mustSignIn(t, w, u, nil)
	sameID, sameFamily := newSession(u), newSession(u)
	sameID.ID, sameFamily.FamilyID = first.ID, first.FamilyID
	require.ErrorIs(t, w.CreateSession(t.Context(), sameID, none), oauth.ErrExists)
	require.ErrorIs(t, w.CreateSession(t.Context(), sameFamily, none), oauth.ErrExists)
	requireSession(t, w, first)
}

func sessionTooMany(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	bystander := mustSignIn(t, w, mustCreate(t, w, nil), nil)
	// The dead take no place: one that has ended by itself, one that was revoked.
	mustSignIn(t, w, u, func(s *oauth.Session) { s.IdleUntil = s.CreatedAt })
	mustSignIn(t, w, u, func(s *oauth.Session) { *s = ended(*s, noon, oauth.EndedBySignOut) })
	// The first made is the one used last.
	made := make([]oauth.Session, oauth.MaxSessions)
	for i := range made {
		made[i] = mustSignIn(t, w, u, func(s *oauth.Session) { s.LastUsedAt = noon.Add(-time.Duration(i) * time.Second) })
	}
	for _, s := range made {
		requireSession(t, w, s)
	}
	refused := newSession(u)
	refused.UserEpoch--
	require.ErrorIs(t, w.CreateSession(t.Context(), refused, none), account.ErrNotFound)
	requireSession(t, w, made[len(made)-1], "a refused sign-in ended another session")

	later := noon.Add(time.Minute)
	newest := mustSignIn(t, w, u, func(s *oauth.Session) { s.CreatedAt, s.LastUsedAt = later, noon.Add(-time.Hour) })
	requireSession(t, w, ended(made[len(made)-1], later, oauth.EndedByNumber))
	for _, s := range append(made[:len(made)-1:len(made)-1], newest, bystander) {
		requireSession(t, w, s)
	}
}

// sessionSixty: sign-ins that come at once do not miss each other's sessions.
func sessionSixty(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	errs := inParallel(oauth.MaxSessions+10, func(int) error { return w.CreateSession(t.Context(), newSession(u), none) })
	require.NoError(t, errors.Join(errs...))
	list, err := w.UserSessions(t.Context(), u.ID, noon)
	require.NoError(t, err)
	require.Len(t, list, oauth.MaxSessions)
}

func sessionRevoke(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	s, bystander := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil)
	later := noon.Add(time.Minute)
	require.ErrorIs(t, w.RevokeSession(t.Context(), s.ID, mustCreate(t, w, nil).ID, oauth.EndedByUser, later, none), account.ErrNotFound)
	requireSession(t, w, s)

	require.NoError(t, w.RevokeSession(t.Context(), s.ID, u.ID, oauth.EndedByUser, later, none))
	s = ended(s, later, oauth.EndedByUser)
	requireSession(t, w, s)
	for _, userID := range []string{"", u.ID} { // again: the first reason stays
		require.NoError(t, w.RevokeSession(t.Context(), s.ID, userID, oauth.EndedByAdmin, later.Add(time.Hour), none))
		requireSession(t, w, s)
	}
	requireSession(t, w, bystander)
}

func sessionRevokeAll(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	kept, first, second := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil)
	before := mustSignIn(t, w, u, func(s *oauth.Session) { *s = ended(*s, noon, oauth.EndedByReuse) })
	past := mustSignIn(t, w, u, func(s *oauth.Session) { s.AbsoluteUntil = noon })
	foreign := mustSignIn(t, w, mustCreate(t, w, nil), nil)
	later := noon.Add(time.Minute)
	n, err := w.RevokeSessions(t.Context(), u.ID, kept.ID, oauth.EndedByUser, later, none)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	first, second = ended(first, later, oauth.EndedByUser), ended(second, later, oauth.EndedByUser)
	for _, s := range []oauth.Session{kept, first, second, before, past, foreign} {
		requireSession(t, w, s)
	}

	n, err = w.RevokeSessions(t.Context(), u.ID, foreign.ID, oauth.EndedByAdmin, later, none)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	for _, s := range []oauth.Session{ended(kept, later, oauth.EndedByAdmin), first, second, foreign} {
		requireSession(t, w, s)
	}
	last := mustSignIn(t, w, u, nil)
	n, err = w.RevokeSessions(t.Context(), u.ID, "", oauth.EndedByAdmin, later, none)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	requireSession(t, w, ended(last, later, oauth.EndedByAdmin))
}

func sessionList(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	used := func(at time.Duration) func(*oauth.Session) {
		return func(s *oauth.Session) { s.LastUsedAt = noon.Add(at) }
	}
	second, first, third := mustSignIn(t, w, u, used(2)), mustSignIn(t, w, u, used(time.Hour)), mustSignIn(t, w, u, used(-time.Hour))
	second.LastUsedAt = noon
	mustSignIn(t, w, u, func(s *oauth.Session) { *s = ended(*s, noon, oauth.EndedByReuse) })
	mustSignIn(t, w, u, func(s *oauth.Session) { s.IdleUntil = noon.Add(time.Minute) })
	mustSignIn(t, w, u, func(s *oauth.Session) { s.AbsoluteUntil = noon.Add(time.Minute) })
	mustSignIn(t, w, mustCreate(t, w, nil), nil)

	for at, want := range map[time.Duration]int{time.Minute - 1: 5, time.Minute: 3, time.Hour - 1: 3, time.Hour: 0} {
		list, err := w.UserSessions(t.Context(), u.ID, noon.Add(at))
		require.NoError(t, err)
		require.Len(t, list, want, at)
	}
	list, err := w.UserSessions(t.Context(), u.ID, noon.Add(time.Minute).In(time.FixedZone("east", 3600)))
	require.NoError(t, err)
	require.Equal(t, []oauth.Session{first, second, third}, list)
	w.Exec(t, `UPDATE users SET epoch = epoch + 1 WHERE id = '`+u.ID+`'`)
	list, err = w.UserSessions(t.Context(), u.ID, noon)
	require.NoError(t, err)
	require.Empty(t, list)
}

func sessionPurge(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	for i := range 7 {
		mustSignIn(t, w, u, func(s *oauth.Session) { s.IdleUntil = noon.Add(time.Duration(i) * time.Second) })
	}
	kept := mustSignIn(t, w, u, nil)
	for _, batch := range []struct{ limit, want int }{{0, 0}, {-1, 0}, {3, 3}, {3, 3}, {3, 1}, {3, 0}} {
		n, err := w.PurgeSessions(t.Context(), noon.Add(time.Minute), batch.limit)
		require.NoError(t, err)
		require.Equal(t, batch.want, n, "limit %d", batch.limit)
	}
	requireSession(t, w, kept)
}

func sessionPurgeEnds(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	for name, edit := range map[string]func(s *oauth.Session, end time.Time){
		"idle":     func(s *oauth.Session, end time.Time) { s.IdleUntil = end },
		"absolute": func(s *oauth.Session, end time.Time) { s.AbsoluteUntil = end },
		"revoked":  func(s *oauth.Session, end time.Time) { *s = ended(*s, end, oauth.EndedByReuse) },
		"revoked after its end": func(s *oauth.Session, end time.Time) {
			s.IdleUntil = end
			*s = ended(*s, end.Add(time.Hour), oauth.EndedByReuse)
		},
	} {
		s := mustSignIn(t, w, u, func(s *oauth.Session) { edit(s, noon) })
		n, err := w.PurgeSessions(t.Context(), noon, 9)
		require.NoError(t, err, name)
		require.Zero(t, n, name)
		requireSession(t, w, s, name)
		n, err = w.PurgeSessions(t.Context(), noon.Add(time.Second), 9)
		require.NoError(t, err, name)
		require.Equal(t, 1, n, name)
		_, _, err = w.SessionByID(t.Context(), s.ID)
		require.ErrorIs(t, err, account.ErrNotFound, name)
	}
}
