package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

var roleTests = tests[Accounts]{
	"built in":              roleBuiltIn,
	"several roles":         roleSeveral,
	"no roles":              roleNone,
	"grant and revoke":      roleGrantAndRevoke,
	"unknown role":          roleUnknown,
	"grant at once":         roleGrantAtOnce,
	"put":                   rolePut,
	"put at once":           rolePutAtOnce,
	"delete":                roleDelete,
	"delete, missing":       roleDeleteMissing,
	"list":                  roleList,
	"scopes of its users":   roleScopesOfUsers,
	"scopes given unsorted": roleScopesUnsorted,
}

func roleBuiltIn(t *testing.T, db Accounts) {
	for role, scopes := range map[string][]string{
		account.RoleUser:      {"profile"},
		account.RoleModerator: {"profile", "users:read"},
		account.RoleAdmin:     adminScopes,
	} {
		requireUser(t, db, mustCreateUser(t, db, func(u *account.User) { u.Roles, u.Scopes = []string{role}, scopes }))
	}
}

// roleSeveral checks that roles are sorted and granted once, and that scopes are a union without duplicates.
func roleSeveral(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, func(u *account.User) {
		u.Roles = []string{account.RoleUser, account.RoleModerator, account.RoleUser}
	})
	u.Roles, u.Scopes = []string{account.RoleModerator, account.RoleUser}, []string{"profile", "users:read"}
	requireUser(t, db, u)
}

func roleNone(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, func(u *account.User) { u.Roles = nil })
	u.Roles, u.Scopes = []string{}, []string{} // not nil, which would be null in JSON
	requireUser(t, db, u)
}

func roleGrantAndRevoke(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, func(u *account.User) { u.Roles = []string{account.RoleUser} }), mustCreateUser(t, db, nil)
	first, second := u.UpdatedAt.Add(time.Hour), u.UpdatedAt.Add(2*time.Hour)
	grant := func(role string, at time.Time) error { return db.GrantRole(t.Context(), u.ID, role, at, noRecord) }
	revoke := func(role string, at time.Time) error { return db.RevokeRole(t.Context(), u.ID, role, at, noRecord) }
	both := []string{account.RoleModerator, account.RoleUser}
	for i, step := range []struct {
		role    string
		at      time.Time
		change  func(string, time.Time) error
		roles   []string
		updated time.Time
	}{
		{change: grant, role: account.RoleModerator, at: first, roles: both, updated: first},
		{change: grant, role: account.RoleModerator, at: second, roles: both, updated: first}, // has it already
		{change: revoke, role: account.RoleAdmin, at: second, roles: both, updated: first},    // does not have it
		{change: revoke, role: account.RoleUser, at: second, roles: both[:1], updated: second},
		{change: revoke, role: account.RoleModerator, at: first, roles: []string{}, updated: second}, // by a clock that is behind
	} {
		require.NoError(t, step.change(step.role, step.at), i)
		got, err := db.UserByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, step.roles, got.Roles, i)
		require.Equal(t, step.updated, got.UpdatedAt, i)
		require.Equal(t, u.Epoch, got.Epoch, i)
	}
	requireUser(t, db, other)
}

func roleUnknown(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	for _, role := range []string{"ROLE_NONE", "role_user", ""} {
		require.ErrorIs(t, db.GrantRole(t.Context(), u.ID, role, noon, noRecord), account.ErrUnknownRole, role)
		require.ErrorIs(t, db.RevokeRole(t.Context(), u.ID, role, noon, noRecord), account.ErrUnknownRole, role)
	}
	err := db.GrantRole(t.Context(), uuid.NewString(), "ROLE_NONE", noon, noRecord)
	require.ErrorIs(t, err, fault.ErrNotFound, "the user is checked before the role")
	requireUser(t, db, u)
}

func roleGrantAtOnce(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	errs := inParallel(20, func(int) error { return db.GrantRole(t.Context(), u.ID, account.RoleAdmin, noon, noRecord) })
	require.NoError(t, errors.Join(errs...))
	got, err := db.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []string{account.RoleAdmin, account.RoleModerator, account.RoleUser}, got.Roles)
}

func requireRole(t *testing.T, db Accounts, want account.Role) {
	t.Helper()
	got, err := db.RoleByName(t.Context(), want.Name)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func rolePut(t *testing.T, db Accounts) {
	_, err := db.RoleByName(t.Context(), "ROLE_NEW")
	require.ErrorIs(t, err, account.ErrUnknownRole)
	for _, role := range []account.Role{
		{Name: "ROLE_NEW", Scopes: []string{"a", "b"}},
		{Name: "ROLE_NEW", Scopes: []string{"c"}},
		{Name: "ROLE_NEW", Scopes: []string{}},
		{Name: account.RoleUser, Scopes: []string{"x"}, Builtin: true},
	} {
		put := role
		put.Builtin = !role.Builtin // which PutRole does not change
		require.NoError(t, db.PutRole(t.Context(), put, noRecord))
		requireRole(t, db, role)
	}
}

func roleScopesUnsorted(t *testing.T, db Accounts) {
	require.NoError(t, db.PutRole(t.Context(), account.Role{Name: "ROLE_NEW", Scopes: []string{"b", "a", "b"}}, noRecord))
	requireRole(t, db, account.Role{Name: "ROLE_NEW", Scopes: []string{"a", "b"}})
	require.NoError(t, db.PutRole(t.Context(), account.Role{Name: "ROLE_NEW"}, noRecord))
	requireRole(t, db, account.Role{Name: "ROLE_NEW", Scopes: []string{}})
}

func roleScopesOfUsers(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, func(u *account.User) { u.Roles, u.Scopes = []string{account.RoleUser}, []string{"profile"} })
	require.NoError(t, db.PutRole(t.Context(), account.Role{Name: account.RoleUser, Scopes: []string{"x"}}, noRecord))
	u.Scopes = []string{"x"}
	requireUser(t, db, u)
}

func rolePutAtOnce(t *testing.T, db Accounts) {
	errs := inParallel(20, func(int) error { return db.PutRole(t.Context(), account.Role{Name: "ROLE_NEW"}, noRecord) })
	require.NoError(t, errors.Join(errs...))
}

func roleDelete(t *testing.T, db Accounts) {
	require.NoError(t, db.PutRole(t.Context(), account.Role{Name: "ROLE_NEW", Scopes: []string{"new"}}, noRecord))
	u := mustCreateUser(t, db, func(u *account.User) { u.Roles = []string{account.RoleUser, "ROLE_NEW"} })
	require.NoError(t, db.DeleteRole(t.Context(), "ROLE_NEW", noRecord))
	require.ErrorIs(t, db.DeleteRole(t.Context(), "ROLE_NEW", noRecord), account.ErrUnknownRole)
	u.Roles, u.Scopes = []string{account.RoleUser}, []string{"profile"}
	requireUser(t, db, u)
}

func roleDeleteMissing(t *testing.T, db Accounts) {
	require.ErrorIs(t, db.DeleteRole(t.Context(), account.RoleAdmin, noRecord), account.ErrBuiltinRole)
	for _, name := range []string{"", "ROLE_NONE", "role_user", "\x00"} {
		require.ErrorIs(t, db.DeleteRole(t.Context(), name, noRecord), account.ErrUnknownRole, name)
		_, err := db.RoleByName(t.Context(), name)
		require.ErrorIs(t, err, account.ErrUnknownRole, name)
	}
	roles, err := db.Roles(t.Context())
	require.NoError(t, err)
	require.Len(t, roles, 3)
}

func roleList(t *testing.T, db Accounts) {
	require.NoError(t, db.PutRole(t.Context(), account.Role{Name: "ROLE_B"}, noRecord))
	require.NoError(t, db.PutRole(t.Context(), account.Role{Name: "A"}, noRecord))
	roles, err := db.Roles(t.Context())
	require.NoError(t, err)
	require.Equal(t, []account.Role{
		{Name: "A", Scopes: []string{}},
		{Name: account.RoleAdmin, Builtin: true, Scopes: adminScopes},
		{Name: "ROLE_B", Scopes: []string{}},
		{Name: account.RoleModerator, Builtin: true, Scopes: []string{"profile", "users:read"}},
		{Name: account.RoleUser, Builtin: true, Scopes: []string{"profile"}},
	}, roles)
}
