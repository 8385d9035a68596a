package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func sessionRevoke(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s, unaffected := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
	later := noon.Add(time.Minute)
	require.ErrorIs(t, db.RevokeSession(t.Context(), s.ID, mustCreateUser(t, db, nil).ID, oauth.EndedByUser, later, noRecord), fault.ErrNotFound)
	requireSession(t, db, s)

	require.NoError(t, db.RevokeSession(t.Context(), s.ID, u.ID, oauth.EndedByUser, later, noRecord))
	s = revoked(s, later, oauth.EndedByUser)
	requireSession(t, db, s)
	for _, userID := range []string{"", u.ID} { // a revoked session keeps its reason
		require.NoError(t, db.RevokeSession(t.Context(), s.ID, userID, oauth.EndedByAdmin, later.Add(time.Hour), noRecord))
		requireSession(t, db, s)
	}
	requireSession(t, db, unaffected)
}

func mustRevokeAll(t *testing.T, db Database, userID, except, reason string, at time.Time) int {
	t.Helper()
	n, err := db.RevokeSessions(t.Context(), userID, except, reason, at, noRecord)
	require.NoError(t, err)
	return n
}

func sessionRevokeAll(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	first, second := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
	reused := mustCreateSession(t, db, u, func(s *oauth.Session) { *s = revoked(*s, noon, oauth.EndedByReuse) })
	expired := mustCreateSession(t, db, u, func(s *oauth.Session) { s.AbsoluteUntil = noon })
	others := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	later := noon.Add(time.Minute)
	require.Equal(t, 2, mustRevokeAll(t, db, u.ID, "", oauth.EndedByUser, later))
	for _, s := range []oauth.Session{
		revoked(first, later, oauth.EndedByUser), revoked(second, later, oauth.EndedByUser), reused, expired, others,
	} {
		requireSession(t, db, s)
	}
	require.Zero(t, mustRevokeAll(t, db, u.ID, "", oauth.EndedByAdmin, later))
	requireSession(t, db, revoked(first, later, oauth.EndedByUser), "a revoked session keeps its reason")
}

func sessionRevokeAllButOne(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	kept, ended := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
	others := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	require.Equal(t, 1, mustRevokeAll(t, db, u.ID, kept.ID, oauth.EndedByUser, noon))
	requireSession(t, db, kept)
	requireSession(t, db, revoked(ended, noon, oauth.EndedByUser))
	require.Equal(t, 1, mustRevokeAll(t, db, u.ID, others.ID, oauth.EndedByAdmin, noon), "except is a session of another user")
	requireSession(t, db, revoked(kept, noon, oauth.EndedByAdmin))
	requireSession(t, db, others)
}

func sessionList(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	create := func(used time.Duration) oauth.Session {
		return mustCreateSession(t, db, u, func(s *oauth.Session) { s.LastUsedAt = noon.Add(used) })
	}
	second, first, third := create(2), create(time.Hour), create(-time.Hour)
	second.LastUsedAt = noon // in whole seconds
	mustCreateSession(t, db, u, func(s *oauth.Session) { *s = revoked(*s, noon, oauth.EndedByReuse) })
	mustCreateSession(t, db, u, func(s *oauth.Session) { s.IdleUntil = noon.Add(time.Minute) })
	mustCreateSession(t, db, u, func(s *oauth.Session) { s.AbsoluteUntil = noon.Add(time.Minute) })
	mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)

	for at, want := range map[time.Duration]int{time.Minute - 1: 5, time.Minute: 3, time.Hour - 1: 3, time.Hour: 0} {
		list, err := db.UserSessions(t.Context(), u.ID, noon.Add(at))
		require.NoError(t, err)
		require.Len(t, list, want, at)
	}
	list, err := db.UserSessions(t.Context(), u.ID, noon.Add(time.Minute).In(time.FixedZone("east", 3600)))
	require.NoError(t, err)
	require.Equal(t, []oauth.Session{first, second, third}, list)
	db.Exec(t, `UPDATE users SET epoch = epoch + 1 WHERE id = '`+u.ID+`'`)
	list, err = db.UserSessions(t.Context(), u.ID, noon)
	require.NoError(t, err)
	require.Empty(t, list)
}

func sessionPurge(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	for i := range 7 {
		mustCreateSession(t, db, u, func(s *oauth.Session) { s.IdleUntil = noon.Add(time.Duration(i) * time.Second) })
	}
	kept := mustCreateSession(t, db, u, nil)
	requireBatches(t, func(limit int) (int, error) { return db.PurgeSessions(t.Context(), noon.Add(time.Minute), limit) })
	requireSession(t, db, kept)
}

func sessionPurgeEnds(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	for name, edit := range map[string]func(s *oauth.Session, end time.Time){
		"idle":     func(s *oauth.Session, end time.Time) { s.IdleUntil = end },
		"absolute": func(s *oauth.Session, end time.Time) { s.AbsoluteUntil = end },
		"revoked":  func(s *oauth.Session, end time.Time) { *s = revoked(*s, end, oauth.EndedByReuse) },
		"revoked after it expired": func(s *oauth.Session, end time.Time) {
			s.IdleUntil = end
			*s = revoked(*s, end.Add(time.Hour), oauth.EndedByReuse)
		},
	} {
		s := mustCreateSession(t, db, u, func(s *oauth.Session) { edit(s, noon) })
		n, err := db.PurgeSessions(t.Context(), noon, 9)
		require.NoError(t, err, name)
		require.Zero(t, n, name)
		requireSession(t, db, s, name)
		n, err = db.PurgeSessions(t.Context(), noon.Add(time.Second), 9)
		require.NoError(t, err, name)
		require.Equal(t, 1, n, name)
		_, _, err = db.SessionByID(t.Context(), s.ID)
		require.ErrorIs(t, err, fault.ErrNotFound, name)
	}
}
