package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

var sessionTests = tests[Database]{
	"stored fields":       sessionStoredFields,
	"own copy":            sessionOwnCopy,
	"of a client":         sessionOfClient,
	"missing session":     sessionMissing,
	"missing user":        sessionMissingUser,
	"ended session":       sessionEnded,
	"refused":             sessionRefused,
	"exists":              sessionExists,
	"too many":            sessionTooMany,
	"too many, refused":   sessionTooManyRefused,
	"sixty at once":       sessionSixty,
	"revoke one":          sessionRevoke,
	"revoke all":          sessionRevokeAll,
	"revoke all, but one": sessionRevokeAllButOne,
	"of a user":           sessionList,
	"purge":               sessionPurge,
	"purge, end of each":  sessionPurgeEnds,
}

func sessionStoredFields(t *testing.T, db Database) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	full := newSession(u)
	full.RevokedAt, full.RevokedReason = noon.Add(time.Hour), oauth.EndedByReuse
	requireNoZeroFields(t, full)
	empty := oauth.Session{
		ID: uuid.NewString(), FamilyID: randomBytes(16), UserID: other.ID, UserEpoch: other.Epoch, Scopes: []string{},
		IdleUntil: noon, AbsoluteUntil: noon, CreatedAt: noon, LastUsedAt: noon, RotatedAt: noon,
	}
	for _, want := range []struct {
		oauth.Session
		user account.User
	}{{full, u}, {empty, other}} {
		require.NoError(t, db.CreateSession(t.Context(), want.Session, noRecord))
		got, user, err := db.SessionByID(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want.Session, got)
		require.Equal(t, want.user, user)
		got, user, err = db.SessionByFamily(t.Context(), want.FamilyID)
		require.NoError(t, err)
		require.Equal(t, want.Session, got)
		require.Equal(t, want.user, user)
	}
	east := mustCreateSession(t, db, u, func(s *oauth.Session) {
		s.CreatedAt = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
	})
	east.CreatedAt = noon // UTC in whole seconds
	requireSession(t, db, east)
}

func sessionOfClient(t *testing.T, db Database) {
	s := newClientSession()
	require.NoError(t, db.CreateSession(t.Context(), s, noRecord))
	got, user, err := db.SessionByFamily(t.Context(), s.FamilyID)
	require.NoError(t, err)
	require.Equal(t, s, got)
	require.Equal(t, account.User{}, user)

	for range oauth.MaxSessions + 1 { // the limit is for users only
		require.NoError(t, db.CreateSession(t.Context(), newClientSession(), noRecord))
	}
	requireSession(t, db, s)
	require.NoError(t, db.RevokeSession(t.Context(), s.ID, "", oauth.EndedByRevoke, noon, noRecord))
	requireSession(t, db, revoked(s, noon, oauth.EndedByRevoke))
}

func sessionMissing(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s := mustCreateSession(t, db, u, nil)
	for _, id := range otherIDs(s.ID) {
		_, _, err := db.SessionByID(t.Context(), id)
		require.ErrorIs(t, err, fault.ErrNotFound, id)
		require.ErrorIs(t, db.RevokeSession(t.Context(), id, "", "test", noon, noRecord), fault.ErrNotFound, id)
	}
	for _, family := range [][]byte{nil, {}, randomBytes(16), s.FamilyID[:15]} {
		_, _, err := db.SessionByFamily(t.Context(), family)
		require.ErrorIs(t, err, fault.ErrNotFound)
	}
	requireSession(t, db, s)
}

func sessionMissingUser(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s := mustCreateSession(t, db, u, nil)
	for _, id := range otherIDs(u.ID) {
		if id != "" { // an empty id matches the sessions of all users
			require.ErrorIs(t, db.RevokeSession(t.Context(), s.ID, id, "test", noon, noRecord), fault.ErrNotFound, id)
		}
		n, err := db.RevokeSessions(t.Context(), id, "", "test", noon, noRecord)
		require.NoError(t, err, id)
		require.Zero(t, n, id)
		list, err := db.UserSessions(t.Context(), id, noon)
		require.NoError(t, err, id)
		require.Empty(t, list, id)
	}
	requireSession(t, db, s)
}

// sessionEnded checks that a session that has ended is found, with the current state of its user.
func sessionEnded(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	expired := mustCreateSession(t, db, u, func(s *oauth.Session) { s.IdleUntil, s.AbsoluteUntil = noon, noon })
	db.Exec(t, `UPDATE users SET active = FALSE, epoch = epoch + 1 WHERE id = '`+u.ID+`'`)
	u.Active, u.Epoch = false, u.Epoch+1
	got, user, err := db.SessionByID(t.Context(), expired.ID)
	require.NoError(t, err)
	require.Equal(t, expired, got)
	require.Equal(t, u, user)
	require.NoError(t, db.RevokeSession(t.Context(), expired.ID, "", oauth.EndedByAdmin, noon, noRecord))
	got, user, err = db.SessionByFamily(t.Context(), expired.FamilyID)
	require.NoError(t, err)
	require.Equal(t, revoked(expired, noon, oauth.EndedByAdmin), got)
	require.Equal(t, u, user)
}

func sessionRefused(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	inactive := mustCreateUser(t, db, func(u *account.User) { u.Active = false })
	for name, edit := range map[string]func(*oauth.Session){
		"missing user":   func(s *oauth.Session) { s.UserID = uuid.NewString() },
		"not a UUID":     func(s *oauth.Session) { s.UserID = "x" },
		"not active":     func(s *oauth.Session) { s.UserID, s.UserEpoch = inactive.ID, inactive.Epoch },
		"previous epoch": func(s *oauth.Session) { s.UserEpoch-- },
		"next epoch":     func(s *oauth.Session) { s.UserEpoch++ },
	} {
		s := newSession(u)
		edit(&s)
		require.ErrorIs(t, db.CreateSession(t.Context(), s, noRecord), fault.ErrNotFound, name)

		// The id and the family are still free, so nothing was stored.
		s.UserID, s.UserEpoch = u.ID, u.Epoch
		require.NoError(t, db.CreateSession(t.Context(), s, noRecord), name)
	}
}

func sessionExists(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	first := mustCreateSession(t, db, u, nil)
	sameID, sameFamily := newSession(u), newSession(u)
	sameID.ID, sameFamily.FamilyID = first.ID, first.FamilyID
	require.ErrorIs(t, db.CreateSession(t.Context(), sameID, noRecord), fault.ErrAlreadyExists)
	require.ErrorIs(t, db.CreateSession(t.Context(), sameFamily, noRecord), fault.ErrAlreadyExists)
	requireSession(t, db, first)
}

// fillSessions creates as many sessions of a user as are allowed. The first one was used last.
func fillSessions(t *testing.T, db Database, u account.User) []oauth.Session {
	t.Helper()
	sessions := make([]oauth.Session, oauth.MaxSessions)
	for i := range sessions {
		sessions[i] = mustCreateSession(t, db, u, func(s *oauth.Session) { s.LastUsedAt = noon.Add(-time.Duration(i) * time.Second) })
	}
	for _, s := range sessions {
		requireSession(t, db, s)
	}
	return sessions
}

func sessionTooMany(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	others := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	// An expired and a revoked session do not count.
	mustCreateSession(t, db, u, func(s *oauth.Session) { s.IdleUntil = s.CreatedAt })
	mustCreateSession(t, db, u, func(s *oauth.Session) { *s = revoked(*s, noon, oauth.EndedBySignOut) })
	sessions := fillSessions(t, db, u)

	later := noon.Add(time.Minute)
	newest := mustCreateSession(t, db, u, func(s *oauth.Session) { s.CreatedAt, s.LastUsedAt = later, noon.Add(-time.Hour) })
	last := len(sessions) - 1
	requireSession(t, db, revoked(sessions[last], later, oauth.EndedByNumber))
	for _, s := range append(sessions[:last:last], newest, others) {
		requireSession(t, db, s)
	}
}

func sessionTooManyRefused(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	sessions := fillSessions(t, db, u)
	refused := newSession(u)
	refused.UserEpoch--
	require.ErrorIs(t, db.CreateSession(t.Context(), refused, noRecord), fault.ErrNotFound)
	requireSession(t, db, sessions[len(sessions)-1], "a refused sign-in must not revoke another session")
}

// sessionSixty checks that simultaneous sign-ins see the sessions of each other.
func sessionSixty(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	errs := inParallel(oauth.MaxSessions+10, func(int) error { return db.CreateSession(t.Context(), newSession(u), noRecord) })
	require.NoError(t, errors.Join(errs...))
	list, err := db.UserSessions(t.Context(), u.ID, noon)
	require.NoError(t, err)
	require.Len(t, list, oauth.MaxSessions)
}
