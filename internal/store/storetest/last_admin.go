package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

var lastAdminTests = tests[Accounts]{
	"remains":                         lastAdminRemains,
	"harmless changes":                lastAdminHarmlessChanges,
	"two demotions at once":           lastAdminRace,
	"disabled until, revoke":          func(t *testing.T, db Accounts) { lastAdminDisabledUntil(t, db, revokeAdmin) },
	"disabled until, delete":          func(t *testing.T, db Accounts) { lastAdminDisabledUntil(t, db, deleteAdmin) },
	"disabled until, disable":         func(t *testing.T, db Accounts) { lastAdminDisabledUntil(t, db, disableAdmin) },
	"disabled until, disable a while": func(t *testing.T, db Accounts) { lastAdminDisabledUntil(t, db, disableAdminBriefly) },
}

// demotion makes a user cease to be an active administrator.
type demotion func(t *testing.T, db Accounts, u account.User, at time.Time) error

func revokeAdmin(t *testing.T, db Accounts, u account.User, at time.Time) error {
	t.Helper()
	return db.RevokeRole(t.Context(), u.ID, account.RoleAdmin, at, noRecord)
}

func deleteAdmin(t *testing.T, db Accounts, u account.User, at time.Time) error {
	t.Helper()
	return db.DeleteUser(t.Context(), u.ID, at, noRecord)
}

func disableAdmin(t *testing.T, db Accounts, u account.User, at time.Time) error {
	t.Helper()
	inactive, never := false, time.Time{}
	return db.UpdateUser(t.Context(), u.ID, account.UserPatch{Active: &inactive, DisabledUntil: &never}, at, noRecord)
}

func disableAdminBriefly(t *testing.T, db Accounts, u account.User, at time.Time) error {
	t.Helper()
	inactive, until := false, at.Add(time.Second)
	return db.UpdateUser(t.Context(), u.ID, account.UserPatch{Active: &inactive, DisabledUntil: &until}, at, noRecord)
}

var demotions = []demotion{revokeAdmin, deleteAdmin, disableAdmin, disableAdminBriefly}

func lastAdminRemains(t *testing.T, db Accounts) {
	mustCreateUser(t, db, nil) // not an administrator
	mustCreateUser(t, db, func(u *account.User) { asAdmin(u); u.Active, u.DisabledUntil = false, time.Time{} })
	first := mustCreateUser(t, db, asAdmin)
	for i, demote := range demotions {
		require.ErrorIs(t, demote(t, db, first, noon), account.ErrLastAdmin, i)
		requireUser(t, db, first, i)

		second := mustCreateUser(t, db, asAdmin)
		require.NoError(t, demote(t, db, second, noon), i)
		requireUser(t, db, first, i)
		require.ErrorIs(t, demote(t, db, first, noon), account.ErrLastAdmin, i)
	}
}

// lastAdminHarmlessChanges makes changes after which the last administrator is still active, or that are
// to other users.
func lastAdminHarmlessChanges(t *testing.T, db Accounts) {
	admin := mustCreateUser(t, db, asAdmin)
	active, inactive, past, until := true, false, noon.Add(-time.Second), noon.Add(time.Hour)
	update := func(p account.UserPatch) error { return db.UpdateUser(t.Context(), admin.ID, p, noon, noRecord) }
	require.NoError(t, update(account.UserPatch{Active: &active}))
	require.NoError(t, update(account.UserPatch{Active: &inactive, DisabledUntil: &past}))
	require.ErrorIs(t, update(account.UserPatch{DisabledUntil: &until}), account.ErrLastAdmin, "active again since a second ago")

	other := mustCreateUser(t, db, nil)
	require.NoError(t, db.RevokeRole(t.Context(), other.ID, account.RoleAdmin, noon, noRecord))
	require.NoError(t, setActive(t.Context(), db, other.ID, false, noon))
}

// lastAdminDisabledUntil checks that an administrator who is disabled until a time counts from that time
// on, and not before.
func lastAdminDisabledUntil(t *testing.T, db Accounts, demote demotion) {
	until := noon.Add(time.Minute)
	active := mustCreateUser(t, db, asAdmin)
	disabled := mustCreateUser(t, db, func(u *account.User) { asAdmin(u); u.Active, u.DisabledUntil = false, until })
	require.ErrorIs(t, demote(t, db, active, until.Add(-time.Second)), account.ErrLastAdmin)
	require.NoError(t, demote(t, db, active, until))
	require.ErrorIs(t, demote(t, db, disabled, until), account.ErrLastAdmin)
	require.NoError(t, demote(t, db, disabled, until.Add(-time.Second)), "not an active administrator at that time")
}

// lastAdminRace demotes the last two administrators at once, in all combinations. One of them remains.
func lastAdminRace(t *testing.T, db Accounts) {
	var remaining []account.User
	for i := range 200 {
		admins := [2]account.User{mustCreateUser(t, db, asAdmin), mustCreateUser(t, db, asAdmin)}
		for _, u := range remaining {
			require.NoError(t, db.DeleteUser(t.Context(), u.ID, noon, noRecord))
		}
		pair := [2]demotion{demotions[i%4], demotions[i/4%4]}
		requireOneSucceeds(t, account.ErrLastAdmin, inParallel(2, func(i int) error { return pair[i](t, db, admins[i], noon) }))
		var err error
		remaining, _, err = db.ListUsers(t.Context(), account.Query{Role: account.RoleAdmin, Active: new(true), Now: noon, Limit: 9})
		require.NoError(t, err)
		require.Len(t, remaining, 1, "combination %d", i%16)
	}
}
