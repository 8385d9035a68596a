package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

var userUpdateTests = tests[Accounts]{
	"one field at a time":    updateEachField,
	"clock that is behind":   updateClockBehind,
	"missing user":           updateMissingUser,
	"taken":                  updateTaken,
	"same username at once":  updateSameUsername,
	"sessions end":           updateEndsSessions,
	"disable and enable":     updateActive,
	"deleted user":           deleteUser,
	"deleted user's roles":   deleteUserRoles,
	"disabled until a time":  updateDisabledUntil,
	"nothing but the record": updateNothing,
}

// updateEachField changes one field after the other and checks that nothing else changes.
func updateEachField(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	requireSessionUnchanged, requireOtherSessionUnchanged := watchSession(t, db, u), watchSession(t, db, other)
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
		{account.UserPatch{UsernameKey: &u.UsernameKey, EmailKey: &u.EmailKey}, func() {}}, // the user's own keys are not taken
	} {
		at := u.UpdatedAt.Add(time.Minute)
		require.NoError(t, db.UpdateUser(t.Context(), u.ID, step.patch, at, noRecord), i)
		step.edit()
		u.UpdatedAt = at
		requireUser(t, db, u, i)
		requireSessionUnchanged(i)
	}
	requireUser(t, db, other)
	requireOtherSessionUnchanged()
}

func updateClockBehind(t *testing.T, db Accounts) {
	u, name := mustCreateUser(t, db, nil), "New"
	require.NoError(t, db.UpdateUser(t.Context(), u.ID, account.UserPatch{Name: &name}, u.UpdatedAt.Add(-time.Hour), noRecord))
	u.Name = name // UpdatedAt never decreases
	requireUser(t, db, u)
}

func updateMissingUser(t *testing.T, db Accounts) {
	u, name := mustCreateUser(t, db, nil), "New"
	for _, id := range append(otherIDs(u.ID), uuid.NewString()) {
		require.ErrorIs(t, db.UpdateUser(t.Context(), id, account.UserPatch{Name: &name}, noon, noRecord), fault.ErrNotFound, id)
	}
	requireUser(t, db, u)
}

func updateTaken(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	requireSessionUnchanged := watchSession(t, db, u)
	name := "new"
	for want, p := range map[error]account.UserPatch{
		account.ErrUsernameTaken: {UsernameKey: &other.UsernameKey, EmailKey: &other.EmailKey},
		account.ErrEmailTaken:    {UsernameKey: &name, EmailKey: &other.EmailKey},
	} {
		p.Name, p.EndSessions = &name, true
		require.ErrorIs(t, db.UpdateUser(t.Context(), u.ID, p, noon, noRecord), want)
		requireUser(t, db, u)
		requireSessionUnchanged()
	}
	p := account.UserPatch{UsernameKey: &other.UsernameKey}
	require.ErrorIs(t, db.UpdateUser(t.Context(), u.ID, p, noon, noRecord), account.ErrUsernameTaken)
}

// updateSameUsername gives one username to many users at once. One of them gets it.
func updateSameUsername(t *testing.T, db Accounts) {
	users := make([]account.User, 10)
	for i := range users {
		users[i] = mustCreateUser(t, db, nil)
	}
	key := "one-name"
	requireOneSucceeds(t, account.ErrUsernameTaken, inParallel(len(users), func(i int) error {
		return db.UpdateUser(t.Context(), users[i].ID, account.UserPatch{Username: &key, UsernameKey: &key}, noon, noRecord)
	}))
}

func updateEndsSessions(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	require.NoError(t, setPassword(t.Context(), db, u.ID, "new", "", noon))
	u.PasswordHash, u.Epoch = "new", u.Epoch+1
	requireUser(t, db, u)
	requireUser(t, db, other)
}

func updateActive(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	later := u.UpdatedAt.Add(time.Minute)
	require.NoError(t, setActive(t.Context(), db, u.ID, true, later), "the user is active already")
	u.UpdatedAt = later
	requireUser(t, db, u)
	require.NoError(t, setActive(t.Context(), db, u.ID, false, later))
	u.Active, u.Epoch = false, u.Epoch+1
	requireUser(t, db, u)
	require.NoError(t, setActive(t.Context(), db, u.ID, true, later.Add(time.Hour)))
	u.Active, u.UpdatedAt = true, later.Add(time.Hour)
	requireUser(t, db, u)
}

func updateDisabledUntil(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	inactive, until := false, noon.Add(10*time.Minute)
	require.NoError(t, db.UpdateUser(t.Context(), u.ID, account.UserPatch{Active: &inactive, DisabledUntil: &until}, noon, noRecord))
	u.Active, u.DisabledUntil = false, until
	requireUser(t, db, u)
}

func updateNothing(t *testing.T, db Accounts) {
	u, change := mustCreateUser(t, db, nil), newChange()
	require.NoError(t, db.UpdateUser(t.Context(), u.ID, account.UserPatch{}, noon, change))
	requireUser(t, db, u)
	require.Equal(t, change.Event, mustEvent(t, db, change.Event.ID))
}

func deleteUser(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	require.NoError(t, db.DeleteUser(t.Context(), u.ID, noon, noRecord))
	_, err := db.UserByID(t.Context(), u.ID)
	require.ErrorIs(t, err, fault.ErrNotFound)
	require.ErrorIs(t, db.DeleteUser(t.Context(), u.ID, noon, noRecord), fault.ErrNotFound)
	requireUser(t, db, other)
}

func deleteUserRoles(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	require.NoError(t, db.DeleteUser(t.Context(), u.ID, noon, noRecord))
	u.Roles, u.Scopes = []string{}, []string{}
	require.NoError(t, db.CreateUser(t.Context(), u, noRecord))
	requireUser(t, db, u, "the roles of the deleted user remain")
}
