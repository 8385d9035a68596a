package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// sessionEndTests are the tests of changes of a user that end sessions.
var sessionEndTests = tests[Database]{
	"password":                        endByPassword,
	"password, kept session":          endByPasswordKeeps,
	"password, invalid kept session":  endByPasswordKeepsInvalid,
	"reset token":                     endByResetToken,
	"disabling":                       endByDisabling,
	"disabled until a time":           endByDisablingUntil,
	"deletion":                        endByDeletion,
	"refused change":                  endNotByRefusedChange,
	"refresh and disabling at once":   raceRefreshAndDisabling,
	"refresh and password at once":    raceRefreshAndPassword,
	"refresh and deletion at once":    raceRefreshAndDeletion,
	"sign-in and password at once":    raceSignInAndPassword,
	"all changes of sessions at once": raceAllChanges,
}

func endByPassword(t *testing.T, db Database) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	live, othersSession := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, other, nil)
	reused := mustCreateSession(t, db, u, func(s *oauth.Session) { *s = revoked(*s, noon, oauth.EndedByReuse) })
	later := u.UpdatedAt.Add(-time.Minute) // UpdatedAt never decreases
	require.NoError(t, setPassword(t.Context(), db, u.ID, "new", "", later))
	u.PasswordHash, u.Epoch = "new", u.Epoch+1
	requireUser(t, db, u)
	requireSession(t, db, revoked(live, later, oauth.EndedByPassword))
	requireSession(t, db, reused, "a revoked session keeps its reason")
	requireSession(t, db, othersSession)
}

func endByPasswordKeeps(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	kept, ended := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
	require.NoError(t, setPassword(t.Context(), db, u.ID, "new", kept.ID, noon))
	kept.UserEpoch = u.Epoch + 1
	requireSession(t, db, kept)
	requireSession(t, db, revoked(ended, noon, oauth.EndedByPassword))
	require.NoError(t, rotate(t.Context(), db, rotation(kept)))

	later := noon.Add(time.Minute)
	require.NoError(t, setPassword(t.Context(), db, u.ID, "newer", "", later))
	requireSession(t, db, revoked(rotated(kept, rotation(kept)), later, oauth.EndedByPassword))
	requireSession(t, db, revoked(ended, noon, oauth.EndedByPassword), "a revoked session keeps its reason")
}

// endByPasswordKeepsInvalid checks that only a live session of the same user can be kept.
func endByPasswordKeepsInvalid(t *testing.T, db Database) {
	another := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	keeps := map[string]func(ended, oldEpoch, others oauth.Session) string{
		"ended":           func(ended, _, _ oauth.Session) string { return ended.ID },
		"old epoch":       func(_, oldEpoch, _ oauth.Session) string { return oldEpoch.ID },
		"another user's":  func(_, _, others oauth.Session) string { return others.ID },
		"of a third user": func(_, _, _ oauth.Session) string { return another.ID },
	}
	for _, id := range otherIDs(another.ID) {
		keeps[id] = func(_, _, _ oauth.Session) string { return id }
	}
	for name, keep := range keeps {
		u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil) // with the same epoch
		live, oldEpoch, others := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil), mustCreateSession(t, db, other, nil)
		ended := mustCreateSession(t, db, u, func(s *oauth.Session) { *s = revoked(*s, noon, oauth.EndedByReuse) })
		decrementEpoch(t, db, &oldEpoch)
		require.NoError(t, setPassword(t.Context(), db, u.ID, "new", keep(ended, oldEpoch, others), noon), name)
		for _, s := range []oauth.Session{
			ended, others, revoked(live, noon, oauth.EndedByPassword), revoked(oldEpoch, noon, oauth.EndedByPassword),
		} {
			requireSession(t, db, s, name)
		}
	}
	requireSession(t, db, another)
}

// decrementEpoch gives a stored session an epoch that its user no longer has.
func decrementEpoch(t *testing.T, db Database, s *oauth.Session) {
	t.Helper()
	db.Exec(t, `UPDATE sessions SET user_epoch = user_epoch - 1 WHERE id = '`+s.ID+`'`)
	s.UserEpoch--
}

func endByResetToken(t *testing.T, db Database) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	live, others := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, other, nil)
	reused := mustCreateSession(t, db, u, func(s *oauth.Session) { *s = revoked(*s, noon, oauth.EndedByReuse) })
	token, later := mustPutToken(t, db, u, account.PurposeReset, nil), noon.Add(time.Minute)
	require.NoError(t, db.UseResetToken(t.Context(), token.Hash, "new", later, noRecord))
	requireSession(t, db, revoked(live, later, oauth.EndedByPassword))
	requireSession(t, db, reused)
	requireSession(t, db, others)
}

func endByDisabling(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s, others := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	later := s.AbsoluteUntil.Add(time.Minute) // an expired session is revoked as well
	require.NoError(t, setActive(t.Context(), db, u.ID, true, later), "the user is active already")
	requireSession(t, db, s)
	require.NoError(t, setActive(t.Context(), db, u.ID, false, later))
	s = revoked(s, later, oauth.EndedByDisable)
	requireSession(t, db, s)
	requireSession(t, db, others)

	require.NoError(t, setActive(t.Context(), db, u.ID, true, later.Add(time.Hour)))
	requireSession(t, db, s, "enabling a user must not bring back a session")
	u.Epoch++
	mustCreateSession(t, db, u, nil)
}

// endByDisablingUntil checks that a user who is disabled until a time can sign in and refresh from that
// time on.
func endByDisablingUntil(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s := mustCreateSession(t, db, u, nil)
	inactive, until, never := false, noon.Add(10*time.Minute), time.Time{}
	require.NoError(t, db.UpdateUser(t.Context(), u.ID, account.UserPatch{Active: &inactive, DisabledUntil: &until}, noon, noRecord))
	for _, at := range []time.Time{until.Add(-time.Second), until.Add(-1)} {
		require.ErrorIs(t, signInAt(t, db, u, at), fault.ErrNotFound)
		_, err := refreshAt(t, db, s, at)
		require.ErrorIs(t, err, fault.ErrNotFound)
		list, err := db.UserSessions(t.Context(), u.ID, at)
		require.NoError(t, err)
		require.Empty(t, list)
	}
	for _, at := range []time.Time{until, until.Add(time.Second)} {
		require.NoError(t, signInAt(t, db, u, at))
		var err error
		s, err = refreshAt(t, db, s, at)
		require.NoError(t, err)
		list, err := db.UserSessions(t.Context(), u.ID, at)
		require.NoError(t, err)
		require.NotEmpty(t, list)
	}
	require.NoError(t, db.UpdateUser(t.Context(), u.ID, account.UserPatch{DisabledUntil: &never}, noon, noRecord))
	require.ErrorIs(t, signInAt(t, db, u, noon), fault.ErrNotFound, "disabled without an end")
}

func signInAt(t *testing.T, db Database, u account.User, at time.Time) error {
	t.Helper()
	s := newSession(u)
	s.CreatedAt = at
	return db.CreateSession(t.Context(), s, noRecord)
}

func refreshAt(t *testing.T, db Database, s oauth.Session, at time.Time) (oauth.Session, error) {
	t.Helper()
	r := rotation(s)
	r.Now = at
	return rotated(s, r), rotate(t.Context(), db, r)
}

func endByDeletion(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s, others := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	require.NoError(t, db.DeleteUser(t.Context(), u.ID, noon, noRecord))
	_, _, err := db.SessionByFamily(t.Context(), s.FamilyID)
	require.ErrorIs(t, err, fault.ErrNotFound)
	requireSession(t, db, others)
}

// endNotByRefusedChange checks that a refused change ends no session and brings none back.
func endNotByRefusedChange(t *testing.T, db Database) {
	u := mustCreateUser(t, db, asAdmin)
	live, oldEpoch := mustCreateSession(t, db, u, nil), mustCreateSession(t, db, u, nil)
	decrementEpoch(t, db, &oldEpoch)
	inactive := false
	p := account.UserPatch{Active: &inactive, EndSessions: true, KeepSession: oldEpoch.ID, Reason: oauth.EndedByDisable}
	require.ErrorIs(t, db.UpdateUser(t.Context(), u.ID, p, noon, noRecord), account.ErrLastAdmin)
	require.ErrorIs(t, db.DeleteUser(t.Context(), u.ID, noon, noRecord), account.ErrLastAdmin)
	require.NoError(t, db.RepeatRotation(t.Context(), live.FamilyID, live.Counter))
	live.Repeats++
	requireSession(t, db, live)
	requireSession(t, db, oldEpoch)
	requireUser(t, db, u)
}
