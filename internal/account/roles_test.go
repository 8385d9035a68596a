package account_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// longestSuffix is the longest text that may follow ROLE_.
var longestSuffix = strings.Repeat("X", 59)

func TestPutRole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		role    string // default: ROLE_EDITOR
		scopes  []string
		want    []string
		builtin bool
		by      holder // default: everyScope
		code    fault.Code
		pointer string
	}{
		"new":                           {scopes: []string{"users:read"}, want: []string{"users:read"}},
		"sorted, without duplicates":    {scopes: []string{"users:read", "profile", "users:read"}, want: []string{"profile", "users:read"}},
		"without scopes":                {want: []string{}},
		"longest name":                  {role: "ROLE_" + longestSuffix, want: []string{}},
		"built in, other scopes":        {role: account.RoleUser, scopes: []string{"users:read"}, want: []string{"users:read"}, builtin: true},
		"name too long":                 {role: "ROLE_X" + longestSuffix, code: account.InvalidRole, pointer: "/name"},
		"no name":                       {role: "ROLE_", code: account.InvalidRole, pointer: "/name"},
		"small letters":                 {role: "ROLE_editor", code: account.InvalidRole, pointer: "/name"},
		"no prefix":                     {role: "EDITOR", code: account.InvalidRole, pointer: "/name"},
		"line break":                    {role: "ROLE_EDITOR\n", code: account.InvalidRole, pointer: "/name"},
		"ROLE_ADMIN":                    {role: account.RoleAdmin, scopes: []string{"profile"}, code: account.BuiltinRole},
		"invalid scope":                 {scopes: []string{"profile", "a b"}, code: account.InvalidRole, pointer: "/scopes"},
		"empty scope":                   {scopes: []string{""}, code: account.InvalidRole, pointer: "/scopes"},
		"scope lacking":                 {scopes: []string{"profile", "users:read"}, by: holder{"profile"}, code: fault.InsufficientScope},
		"as many scopes as its users":   {role: account.RoleUser, want: []string{}, builtin: true, by: holder{"profile"}},
		"stored scope lacking":          {role: account.RoleModerator, scopes: []string{"profile"}, by: holder{"profile"}, code: fault.InsufficientScope},
		"invalid, stored scope lacking": {role: account.RoleModerator, scopes: []string{"a b"}, by: holder{"profile"}, code: account.InvalidRole, pointer: "/scopes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if c.role == "" {
				c.role = "ROLE_EDITOR"
			}
			if c.by == nil {
				c.by = everyScope
			}
			before, err := f.Roles(t.Context())
			require.NoError(t, err)
			role, err := f.PutRole(t.Context(), c.by, c.role, c.scopes)
			requireFault(t, err, c.code, c.pointer)
			if c.code != "" {
				after, err := f.Roles(t.Context())
				require.NoError(t, err)
				require.Equal(t, before, after, "nothing is changed")
				require.Empty(t, f.events(t))
				return
			}
			require.Equal(t, account.Role{Name: c.role, Scopes: c.want, Builtin: c.builtin}, role)
			event := f.event(t)
			require.Equal(t, audit.RolePut, event.Action)
			require.Equal(t, c.role, event.Target)
		})
	}
}

func TestPutRoleChangesItsUsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	require.Equal(t, []string{"profile"}, ann.Scopes)
	_, err := f.PutRole(t.Context(), everyScope, account.RoleUser, []string{"users:read"})
	require.NoError(t, err)
	require.Equal(t, []string{"users:read"}, f.user(t, ann.ID).Scopes)
}

func TestDeleteRole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.PutRole(t.Context(), everyScope, "ROLE_EDITOR", []string{"users:read"})
	require.NoError(t, err)
	ann := f.addUser(t, "Ann", withRoles("ROLE_EDITOR", account.RoleUser))
	require.NoError(t, f.DeleteRole(t.Context(), everyScope, "ROLE_EDITOR"))
	require.Equal(t, []string{account.RoleUser}, f.user(t, ann.ID).Roles)
	require.Equal(t, audit.RoleDeleted, f.events(t)[0].Action)
	_, err = f.Role(t.Context(), "ROLE_EDITOR")
	requireFault(t, err, account.UnknownRole, "")

	requireFault(t, f.DeleteRole(t.Context(), everyScope, "ROLE_EDITOR"), account.UnknownRole, "")
	requireFault(t, f.DeleteRole(t.Context(), everyScope, account.RoleUser), account.BuiltinRole, "")
	require.Len(t, f.events(t), 2, "a change that is refused has no event")
}

// TestNarrowedRoleProtects checks that nobody takes over users with scopes they lack by way of their roles.
func TestNarrowedRoleProtects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.PutRole(t.Context(), everyScope, "ROLE_AUDITOR", []string{"audit:read"})
	require.NoError(t, err)
	ann := f.addUser(t, "Ann", withRoles("ROLE_AUDITOR"))
	lacking := holder{"profile", "roles:write", "users:write"}
	_, err = f.PutRole(t.Context(), lacking, "ROLE_AUDITOR", []string{"profile"})
	requireFault(t, err, fault.InsufficientScope, "")
	requireFault(t, f.DeleteRole(t.Context(), lacking, "ROLE_AUDITOR"), fault.InsufficientScope, "")
	require.Equal(t, ann, f.user(t, ann.ID), "nothing is changed")
	require.Len(t, f.events(t), 1, "a change that is refused has no event")
	requireFault(t, update(account.AdminPatch{Username: ptr("Anna")})(t.Context(), f, lacking, ann.ID), fault.InsufficientScope, "")

	// What a request can know without the scopes is refused as before.
	requireFault(t, f.DeleteRole(t.Context(), lacking, account.RoleAdmin), account.BuiltinRole, "")
	requireFault(t, f.DeleteRole(t.Context(), holder{}, "ROLE_NOBODY"), account.UnknownRole, "")

	require.NoError(t, f.DeleteRole(t.Context(), append(lacking, "audit:read"), "ROLE_AUDITOR"))
}
