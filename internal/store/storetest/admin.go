package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func testAdmin(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"patch":                 patchEach,
		"patch, taken":          patchTaken,
		"patch, names at once":  patchRaced,
		"one name, other case":  signUpRaced,
		"disabled until":        disabledUntil,
		"last admin":            lastAdmin,
		"last admin, by time":   lastAdminByTime,
		"two demotions at once": lastAdminRaced,
		"refused, and sessions": lastAdminSessions,
	})
}

// admin makes a user an administrator.
func admin(u *account.User) {
	u.Roles = []string{account.RoleAdmin}
	u.Scopes = []string{
		"audit:read", "clients:read", "clients:write", "profile", "roles:read", "roles:write", "users:read", "users:write",
	}
}

// patchEach changes one field after the other: no other one changes with it.
func patchEach(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	s, foreign := mustSignIn(t, w, u, nil), mustSignIn(t, w, other, nil)
	empty, text, no, yes, never, until := "", "New", false, true, time.Time{}, noon.AddDate(2, 0, 0).Add(time.Millisecond)
	for i, step := range []struct {
		patch account.UserPatch
		edit  func()
	}{
		{account.UserPatch{}, func() {}},
		{account.UserPatch{Username: &text, UsernameKey: &text}, func() { u.Username, u.UsernameKey = text, text }},
		{account.UserPatch{Username: &empty}, func() { u.Username = empty }},
		{account.UserPatch{Email: &text, EmailKey: &text}, func() { u.Email, u.EmailKey = text, text }},
		{account.UserPatch{EmailVerified: &no}, func() { u.EmailVerified = no }},
		{account.UserPatch{Name: &empty}, func() { u.Name = empty }},
		{account.UserPatch{Picture: &empty}, func() { u.Picture = empty }},
		{account.UserPatch{PasswordHash: &empty}, func() { u.PasswordHash = empty }},
		{account.UserPatch{PasswordHash: &text}, func() { u.PasswordHash = text }},
		{account.UserPatch{DisabledUntil: &never}, func() { u.DisabledUntil = never }},
		{account.UserPatch{DisabledUntil: &until}, func() { u.DisabledUntil = noon.AddDate(2, 0, 0) }},
		{account.UserPatch{Active: &no}, func() { u.Active = no }},
		{account.UserPatch{Active: &yes, DisabledUntil: &never}, func() { u.Active, u.DisabledUntil = yes, never }},
		{account.UserPatch{UsernameKey: &u.UsernameKey, EmailKey: &u.EmailKey}, func() {}}, // what he has he may have
	} {
		at := u.UpdatedAt.Add(time.Minute)
		require.NoError(t, w.UpdateUser(t.Context(), u.ID, step.patch, at, none), i)
		step.edit()
		u.UpdatedAt = at
		requireUser(t, w, u, i)
		requireSession(t, w, s, i)
	}
	require.NoError(t, w.UpdateUser(t.Context(), u.ID, account.UserPatch{Name: &text}, noon.Add(-time.Hour), none))
	u.Name = text // a clock that is behind does not turn updated_at back
	requireUser(t, w, u)
	requireUser(t, w, other)
	requireSession(t, w, foreign)
	for _, id := range append(notIDs(u.ID), newUUID()) {
		require.ErrorIs(t, w.UpdateUser(t.Context(), id, account.UserPatch{Name: &empty}, noon, none), account.ErrNotFound, id)
	}
}

func patchTaken(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	s := mustSignIn(t, w, u, nil)
	name := "new"
	for want, p := range map[error]account.UserPatch{
		account.ErrUsernameTaken: {UsernameKey: &other.UsernameKey, EmailKey: &other.EmailKey},
		account.ErrEmailTaken:    {UsernameKey: &name, EmailKey: &other.EmailKey},
	} {
		p.Name, p.EndSessions = &name, true
		require.ErrorIs(t, w.UpdateUser(t.Context(), u.ID, p, noon, none), want)
		requireUser(t, w, u)
		requireSession(t, w, s)
	}
	require.ErrorIs(t, w.UpdateUser(t.Context(), u.ID, account.UserPatch{UsernameKey: &other.UsernameKey}, noon, none), account.ErrUsernameTaken)
}

// patchRaced: of many who take one name at once one gets it.
func patchRaced(t *testing.T, w World) {
	users := make([]account.User, 10)
	for i := range users {
		users[i] = mustCreate(t, w, nil)
	}
	key := "one-name"
	requireOne(t, account.ErrUsernameTaken, inParallel(len(users), func(i int) error {
		return w.UpdateUser(t.Context(), users[i].ID, account.UserPatch{Username: &key, UsernameKey: &key}, noon, none)
	}))
}

// requireOne fails unless one act was done and all others were refused.
func requireOne(t *testing.T, refused error, errs []error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, refused)
	}
	require.Equal(t, 1, won)
}

// signUpRaced: two sign-ups of one name in different case make one user.
func signUpRaced(t *testing.T, w World) {
	for range rounds {
		names := [2]account.User{NewUser(), NewUser()}
		names[1].UsernameKey = names[0].UsernameKey // what "ANN" and "ann" have in common
		requireOne(t, account.ErrUsernameTaken, inParallel(2, func(i int) error { return w.CreateUser(t.Context(), names[i], newNote()) }))
	}
}

// disabledUntil: who is disabled for a time can sign in and refresh again from its last second on.
func disabledUntil(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	s := mustSignIn(t, w, u, nil)
	off, until := false, noon.Add(10*time.Minute)
	require.NoError(t, w.UpdateUser(t.Context(), u.ID, account.UserPatch{Active: &off, DisabledUntil: &until}, noon, none))
	u.Active, u.DisabledUntil = false, until
	requireUser(t, w, u)
	for _, test := range []struct {
		at     time.Time
		active bool
	}{{until.Add(-time.Second), false}, {until.Add(-1), false}, {until, true}, {until.Add(time.Second), true}} {
		require.Equal(t, test.active, u.ActiveAt(test.at))
		sign := newSession(u)
		sign.CreatedAt = test.at
		list, err := w.UserSessions(t.Context(), u.ID, test.at)
		require.NoError(t, err)
		r := rotation(s)
		r.Now = test.at
		if !test.active {
			require.ErrorIs(t, w.CreateSession(t.Context(), sign, none), account.ErrNotFound)
			require.ErrorIs(t, w.RotateSession(t.Context(), r), account.ErrNotFound)
			require.Empty(t, list)
			continue
		}
		require.NoError(t, w.CreateSession(t.Context(), sign, none))
		require.NoError(t, w.RotateSession(t.Context(), r))
		s = rotated(s, r)
		require.NotEmpty(t, list)
	}
	never := time.Time{}
	require.NoError(t, w.UpdateUser(t.Context(), u.ID, account.UserPatch{DisabledUntil: &never}, noon, none))
	require.ErrorIs(t, w.CreateSession(t.Context(), newSession(u), none), account.ErrNotFound, "for good")
}

// demotions are the ways in which an administrator may be lost.
func demotions(t *testing.T, w World) map[string]func(account.User, time.Time) error {
	t.Helper()
	off, never := false, time.Time{}
	return map[string]func(account.User, time.Time) error{
		"revoke": func(u account.User, at time.Time) error {
			return w.RevokeRole(t.Context(), u.ID, account.RoleAdmin, at, none)
		},
		"delete": func(u account.User, at time.Time) error { return w.DeleteUser(t.Context(), u.ID, at, none) },
		"disable": func(u account.User, at time.Time) error {
			return w.UpdateUser(t.Context(), u.ID, account.UserPatch{Active: &off, DisabledUntil: &never}, at, none)
		},
		"disable for a time": func(u account.User, at time.Time) error {
			until := at.Add(time.Second)
			return w.UpdateUser(t.Context(), u.ID, account.UserPatch{Active: &off, DisabledUntil: &until}, at, none)
		},
	}
}

func lastAdmin(t *testing.T, w World) {
	never := time.Time{}
	mustCreate(t, w, nil) // no administrator
	mustCreate(t, w, func(u *account.User) { admin(u); u.Active, u.DisabledUntil = false, never })
	first := mustCreate(t, w, admin)
	for name, demote := range demotions(t, w) {
		require.ErrorIs(t, demote(first, noon), account.ErrLastAdmin, name)
		requireUser(t, w, first, name)

		second := mustCreate(t, w, admin)
		require.NoError(t, demote(second, noon), name)
		requireUser(t, w, first, name)
		require.ErrorIs(t, demote(first, noon), account.ErrLastAdmin, name)
	}
	// What leaves him an administrator may be done to him.
	past, on := noon.Add(-time.Second), true
	off := false
	require.NoError(t, w.UpdateUser(t.Context(), first.ID, account.UserPatch{Active: &on}, noon, none))
	require.NoError(t, w.UpdateUser(t.Context(), first.ID, account.UserPatch{Active: &off, DisabledUntil: &past}, noon, none))
	// One who is active by the end of his time is the last one, too.
	until := noon.Add(time.Hour)
	require.ErrorIs(t, w.UpdateUser(t.Context(), first.ID, account.UserPatch{DisabledUntil: &until}, noon, none), account.ErrLastAdmin)
	require.NoError(t, w.RevokeRole(t.Context(), mustCreate(t, w, nil).ID, account.RoleAdmin, noon, none), "who is none cannot be the last")
	require.NoError(t, setActive(t.Context(), w, mustCreate(t, w, nil).ID, false, noon))
}

// lastAdminByTime: one who is disabled for a time counts from its end on, and is nobody's last before.
func lastAdminByTime(t *testing.T, w World) {
	until := noon.Add(time.Minute)
	away := func(u *account.User) { admin(u); u.Active, u.DisabledUntil = false, until }
	for name, demote := range demotions(t, w) {
		first, other := mustCreate(t, w, admin), mustCreate(t, w, away)
		require.ErrorIs(t, demote(first, until.Add(-time.Second)), account.ErrLastAdmin, name)
		require.NoError(t, demote(first, until), name)
		require.ErrorIs(t, demote(other, until), account.ErrLastAdmin, name)
		require.NoError(t, demote(other, until.Add(-time.Second)), name) // he was none at that time
		w.Exec(t, `DELETE FROM users`)
	}
}

// lastAdminRaced: of the last two one stays, whatever is done to both at once.
func lastAdminRaced(t *testing.T, w World) {
	ways := []string{"revoke", "delete", "disable", "disable for a time"}
	for i := range 200 {
		admins := [2]account.User{mustCreate(t, w, admin), mustCreate(t, w, admin)}
		demotions := demotions(t, w)
		way := [2]string{ways[i%4], ways[i/4%4]}
		requireOne(t, account.ErrLastAdmin, inParallel(2, func(i int) error { return demotions[way[i]](admins[i], noon) }))
		left, _, err := w.ListUsers(t.Context(), account.Query{Role: account.RoleAdmin, Active: new(true), Now: noon, Limit: 9})
		require.NoError(t, err)
		require.Len(t, left, 1, way)
		w.Exec(t, `DELETE FROM users`)
	}
}

// lastAdminSessions: a refused change ends no session, and brings none back.
func lastAdminSessions(t *testing.T, w World) {
	u := mustCreate(t, w, admin)
	s, stale := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, nil)
	w.Exec(t, `UPDATE sessions SET user_epoch = user_epoch - 1 WHERE id = '`+stale.ID+`'`)
	stale.UserEpoch--
	off := false
	p := account.UserPatch{Active: &off, EndSessions: true, KeepSession: stale.ID, Reason: oauth.EndedByDisable}
	require.ErrorIs(t, w.UpdateUser(t.Context(), u.ID, p, noon, none), account.ErrLastAdmin)
	require.ErrorIs(t, w.DeleteUser(t.Context(), u.ID, noon, none), account.ErrLastAdmin)
	require.NoError(t, w.RepeatRotation(t.Context(), s.FamilyID, s.Counter))
	s.Repeats++
	requireSession(t, w, s)
	requireSession(t, w, stale)
	requireUser(t, w, u)
}
