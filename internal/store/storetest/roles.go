package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

func testRoles(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"seeded":           roleSeeds,
		"none":             roleNone,
		"grant and revoke": roleGrantRevoke,
		"unknown":          roleUnknown,
		"at once":          roleAtOnce,
		"put":              rolePut,
		"delete":           roleDelete,
		"all":              roleAll,
	})
}

func roleSeeds(t *testing.T, w World) {
	for role, scopes := range map[string][]string{
		account.RoleUser:      {"profile"},
		account.RoleModerator: {"profile", "users:read"},
		account.RoleAdmin: {
			"audit:read", "clients:read", "clients:write", "profile", "roles:read", "roles:write", "users:read", "users:write",
		},
	} {
		u := mustCreate(t, w, func(u *account.User) { u.Roles = []string{role} })
		got, err := w.UserByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, []string{role}, got.Roles)
		require.Equal(t, scopes, got.Scopes)
	}
	// Roles come sorted, and given once where asked twice; scopes are a union without doubles.
	u := mustCreate(t, w, func(u *account.User) {
		u.Roles = []string{account.RoleUser, account.RoleModerator, account.RoleUser}
	})
	got, err := w.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []string{account.RoleModerator, account.RoleUser}, got.Roles)
	require.Equal(t, []string{"profile", "users:read"}, got.Scopes)
}

func roleNone(t *testing.T, w World) {
	u := mustCreate(t, w, func(u *account.User) { u.Roles = nil })
	got, err := w.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []string{}, got.Roles) // an empty list, which JSON does not show as null
	require.Equal(t, []string{}, got.Scopes)
}

func roleGrantRevoke(t *testing.T, w World) {
	u := mustCreate(t, w, func(u *account.User) { u.Roles = []string{account.RoleUser} })
	other := mustCreate(t, w, nil)
	first, second := u.UpdatedAt.Add(time.Hour), u.UpdatedAt.Add(2*time.Hour)
	for _, step := range []struct {
		change  func() error
		roles   []string
		updated time.Time
	}{
		{func() error { return w.GrantRole(t.Context(), u.ID, account.RoleModerator, first, none) }, []string{account.RoleModerator, account.RoleUser}, first},
		// Having it already, or not having it, changes nothing, not even the time.
		{func() error { return w.GrantRole(t.Context(), u.ID, account.RoleModerator, second, none) }, []string{account.RoleModerator, account.RoleUser}, first},
		{func() error { return w.RevokeRole(t.Context(), u.ID, account.RoleAdmin, second, none) }, []string{account.RoleModerator, account.RoleUser}, first},
		{func() error { return w.RevokeRole(t.Context(), u.ID, account.RoleUser, second, none) }, []string{account.RoleModerator}, second},
		{func() error { return w.RevokeRole(t.Context(), u.ID, account.RoleModerator, first, none) }, []string{}, second},
	} {
		require.NoError(t, step.change())
		got, err := w.UserByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, step.roles, got.Roles)
		require.Equal(t, step.updated, got.UpdatedAt) // a clock that is behind does not turn it back
		require.Equal(t, u.Epoch, got.Epoch)
	}
	got, err := w.UserByID(t.Context(), other.ID)
	require.NoError(t, err)
	require.Equal(t, other, got)
}

func roleUnknown(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	for _, role := range []string{"ROLE_NONE", "role_user", ""} {
		require.ErrorIs(t, w.GrantRole(t.Context(), u.ID, role, noon, none), account.ErrUnknownRole, role)
		require.ErrorIs(t, w.RevokeRole(t.Context(), u.ID, role, noon, none), account.ErrUnknownRole, role)
	}
	require.ErrorIs(t, w.GrantRole(t.Context(), newUUID(), "ROLE_NONE", noon, none), account.ErrNotFound) // the user first
	got, err := w.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u, got)
}

func roleAtOnce(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	errs := inParallel(20, func(int) error { return w.GrantRole(t.Context(), u.ID, account.RoleAdmin, noon, none) })
	require.NoError(t, errors.Join(errs...))
	got, err := w.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []string{account.RoleAdmin, account.RoleModerator, account.RoleUser}, got.Roles)
}

func rolePut(t *testing.T, w World) {
	_, err := w.RoleByName(t.Context(), "ROLE_NEW")
	require.ErrorIs(t, err, account.ErrUnknownRole)
	u := mustCreate(t, w, func(u *account.User) { u.Roles, u.Scopes = []string{account.RoleUser}, []string{"profile"} })
	for _, step := range []struct{ put, want account.Role }{
		// Scopes come sorted, once each; what is put is never seeded by a migration.
		{account.Role{Name: "ROLE_NEW", Scopes: []string{"b", "a", "b"}, Builtin: true}, account.Role{Name: "ROLE_NEW", Scopes: []string{"a", "b"}}},
		{account.Role{Name: "ROLE_NEW", Scopes: []string{"c"}}, account.Role{Name: "ROLE_NEW", Scopes: []string{"c"}}},
		{account.Role{Name: "ROLE_NEW"}, account.Role{Name: "ROLE_NEW", Scopes: []string{}}},
		{account.Role{Name: account.RoleUser, Scopes: []string{"x"}}, account.Role{Name: account.RoleUser, Scopes: []string{"x"}, Builtin: true}},
	} {
		require.NoError(t, w.PutRole(t.Context(), step.put, none))
		got, err := w.RoleByName(t.Context(), step.put.Name)
		require.NoError(t, err)
		require.Equal(t, step.want, got)
	}
	u.Scopes = []string{"x"}
	requireUser(t, w, u)
	errs := inParallel(20, func(int) error { return w.PutRole(t.Context(), account.Role{Name: "ROLE_RACED"}, none) })
	require.NoError(t, errors.Join(errs...))
}

func roleDelete(t *testing.T, w World) {
	require.NoError(t, w.PutRole(t.Context(), account.Role{Name: "ROLE_NEW", Scopes: []string{"new"}}, none))
	u := mustCreate(t, w, func(u *account.User) { u.Roles = []string{account.RoleUser, "ROLE_NEW"} })
	require.ErrorIs(t, w.DeleteRole(t.Context(), account.RoleAdmin, none), account.ErrBuiltinRole)
	for _, name := range []string{"", "ROLE_NONE", "role_new", "\x00"} {
		require.ErrorIs(t, w.DeleteRole(t.Context(), name, none), account.ErrUnknownRole, name)
		_, err := w.RoleByName(t.Context(), name)
		require.ErrorIs(t, err, account.ErrUnknownRole, name)
	}
	roles, err := w.Roles(t.Context())
	require.NoError(t, err)
	require.Len(t, roles, 4)

	require.NoError(t, w.DeleteRole(t.Context(), "ROLE_NEW", none))
	require.ErrorIs(t, w.DeleteRole(t.Context(), "ROLE_NEW", none), account.ErrUnknownRole)
	u.Roles, u.Scopes = []string{account.RoleUser}, []string{"profile"}
	requireUser(t, w, u)
}

func roleAll(t *testing.T, w World) {
	require.NoError(t, w.PutRole(t.Context(), account.Role{Name: "ROLE_B"}, none))
	require.NoError(t, w.PutRole(t.Context(), account.Role{Name: "A"}, none))
	roles, err := w.Roles(t.Context())
	require.NoError(t, err)
	require.Equal(t, []account.Role{
		{Name: "A", Scopes: []string{}},
		{Name: account.RoleAdmin, Builtin: true, Scopes: []string{
			"audit:read", "clients:read", "clients:write", "profile", "roles:read", "roles:write", "users:read", "users:write",
		}},
		{Name: "ROLE_B", Scopes: []string{}},
		{Name: account.RoleModerator, Builtin: true, Scopes: []string{"profile", "users:read"}},
		{Name: account.RoleUser, Builtin: true, Scopes: []string{"profile"}},
	}, roles)
}
