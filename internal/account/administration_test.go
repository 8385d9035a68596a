package account_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// holder is an administrator with these scopes.
type holder []string

func (h holder) CanGive(scopes []string) error {
	if slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(h, s) }) {
		return fault.Errorf(fault.InsufficientScope, "missing scope")
	}
	return nil
}

var everyScope = holder{
	"audit:read", "clients:read", "clients:write", "hooks:read", "hooks:write", "keys:read", "keys:write", "profile", "roles:read", "roles:write", "settings:read", "stats:read", "users:read", "users:write",
}

// operation is what an administrator does to a user.
type operation func(ctx context.Context, f *fixture, by account.Authority, id string) error

func update(p account.AdminPatch) operation {
	return func(ctx context.Context, f *fixture, by account.Authority, id string) error {
		_, err := f.Update(ctx, by, id, p)
		return err
	}
}

func grant(role string) operation {
	return func(ctx context.Context, f *fixture, by account.Authority, id string) error {
		return f.Grant(ctx, by, id, role)
	}
}

func revoke(role string) operation {
	return func(ctx context.Context, f *fixture, by account.Authority, id string) error {
		return f.Revoke(ctx, by, id, role)
	}
}

func create(roles ...string) operation {
	return func(ctx context.Context, f *fixture, by account.Authority, _ string) error {
		n := newBob()
		n.Roles = roles
		_, err := f.CreateAs(ctx, by, n)
		return err
	}
}

func deleteUser(ctx context.Context, f *fixture, by account.Authority, id string) error {
	return f.Delete(ctx, by, id)
}

func forceReset(ctx context.Context, f *fixture, by account.Authority, id string) error {
	return f.ForceReset(ctx, by, id)
}

// authorityCases are operations on Ann, by administrators who lack some of the scopes involved.
var authorityCases = map[string]struct {
	role    string // of Ann; default: ROLE_USER
	by      holder
	do      operation
	refused bool
}{
	"create a user with ROLE_USER":          {by: holder{"profile"}, do: create(account.RoleUser)},
	"create a user, the default role":       {do: create()},
	"create a moderator":                    {by: everyScope, do: create(account.RoleModerator)},
	"create a moderator, scope lacking":     {by: holder{"profile"}, do: create(account.RoleModerator), refused: true},
	"create one of two roles":               {by: holder{"profile"}, do: create(account.RoleUser, account.RoleAdmin), refused: true},
	"rename a user":                         {by: holder{"profile"}, do: update(account.AdminPatch{Username: ptr("Anna")})},
	"rename a moderator":                    {role: account.RoleModerator, by: holder{"profile"}, do: update(account.AdminPatch{Username: ptr("Anna")}), refused: true},
	"rename a moderator, all scopes":        {role: account.RoleModerator, by: holder{"profile", "users:read"}, do: update(account.AdminPatch{Username: ptr("Anna")})},
	"set the password of a moderator":       {role: account.RoleModerator, by: holder{"profile"}, do: update(account.AdminPatch{Password: ptr("a new long one")}), refused: true},
	"disable a moderator":                   {role: account.RoleModerator, by: holder{"profile"}, do: update(account.AdminPatch{Active: ptr(false)}), refused: true},
	"delete a user":                         {by: holder{"profile"}, do: deleteUser},
	"delete a user, no scopes":              {do: deleteUser, refused: true},
	"delete a moderator":                    {role: account.RoleModerator, by: holder{"profile"}, do: deleteUser, refused: true},
	"force a reset":                         {by: holder{"profile"}, do: forceReset},
	"force a reset of a moderator":          {role: account.RoleModerator, by: holder{"profile"}, do: forceReset, refused: true},
	"grant a role":                          {by: everyScope, do: grant(account.RoleModerator)},
	"grant a role, scope lacking":           {by: holder{"profile"}, do: grant(account.RoleModerator), refused: true},
	"grant less than the user has":          {role: account.RoleModerator, by: holder{"profile"}, do: grant(account.RoleUser)},
	"revoke a role":                         {role: account.RoleModerator, by: everyScope, do: revoke(account.RoleModerator)},
	"revoke a role, scope lacking":          {role: account.RoleModerator, by: holder{"profile"}, do: revoke(account.RoleModerator), refused: true},
	"revoke the lesser role of a moderator": {role: account.RoleModerator, by: holder{"profile"}, do: revoke(account.RoleUser), refused: true},
}

// TestAuthority checks that nobody gains scopes by way of another user: neither by giving roles away nor
// by taking over a user who has more.
func TestAuthority(t *testing.T) {
	t.Parallel()
	for name, c := range authorityCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if c.role == "" {
				c.role = account.RoleUser
			}
			ann := f.addUser(t, "Ann", withRoles(c.role))
			err := c.do(t.Context(), f, c.by, ann.ID)
			if !c.refused {
				require.NoError(t, err)
				require.Len(t, f.events(t), 1)
				return
			}
			requireFault(t, err, fault.InsufficientScope, "")
			require.Equal(t, ann, f.user(t, ann.ID), "nothing is changed")
			require.Empty(t, f.events(t))
			require.Empty(t, f.messages(t))
		})
	}
}

func TestAdministerUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   operation
		code fault.Code // default: not_found
	}{
		"update":      {do: update(account.AdminPatch{Name: ptr("x")})},
		"delete":      {do: deleteUser},
		"force reset": {do: forceReset},
		"grant":       {do: grant(account.RoleUser)},
		"revoke":      {do: revoke(account.RoleUser)},
		"create":      {do: create("ROLE_NOBODY"), code: account.UnknownRole},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.code == "" {
				c.code = fault.NotFound
			}
			for _, id := range []string{uuid.NewString(), "", "x"} {
				requireFault(t, c.do(t.Context(), newFixture(t), everyScope, id), c.code, "")
			}
		})
	}
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	requireFault(t, f.Grant(t.Context(), everyScope, ann.ID, "ROLE_NOBODY"), account.UnknownRole, "")
	requireFault(t, f.Revoke(t.Context(), everyScope, ann.ID, "ROLE_NOBODY"), account.UnknownRole, "")
}

// The last active administrator cannot be disabled, deleted or deprived of the role. A disabled
// administrator does not count.
func TestLastAdmin(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]operation{
		"delete":        deleteUser,
		"revoke":        revoke(account.RoleAdmin),
		"disable":       update(account.AdminPatch{Active: ptr(false)}),
		"disable until": update(account.AdminPatch{Active: ptr(false), DisabledUntil: ptr(noon.Add(time.Hour))}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ann := f.addUser(t, "Ann", withRoles(account.RoleAdmin))
			f.addUser(t, "Bob", withRoles(account.RoleAdmin), disabled)
			requireFault(t, do(t.Context(), f, everyScope, ann.ID), account.LastAdmin, "")
			require.Equal(t, ann, f.user(t, ann.ID), "nothing is changed")

			f.addUser(t, "Cy", withRoles(account.RoleAdmin))
			require.NoError(t, do(t.Context(), f, everyScope, ann.ID))
		})
	}
}

var disableCases = map[string]struct {
	user    func(*account.User)
	patch   account.AdminPatch
	active  bool
	until   time.Time
	action  audit.Action
	ends    bool // the user's sessions
	invalid bool
}{
	"disable":                      {patch: account.AdminPatch{Active: ptr(false)}, action: audit.UserDisabled, ends: true},
	"disable until":                {patch: account.AdminPatch{Active: ptr(false), DisabledUntil: ptr(noon.Add(time.Hour))}, until: noon.Add(time.Hour), action: audit.UserDisabled, ends: true},
	"disable forever, not until":   {user: disabledUntil(time.Hour), patch: account.AdminPatch{Active: ptr(false)}, action: audit.UserDisabled, ends: true},
	"disable until a second ago":   {patch: account.AdminPatch{Active: ptr(false), DisabledUntil: ptr(noon.Add(-time.Second))}, active: true, invalid: true},
	"disable until now":            {patch: account.AdminPatch{Active: ptr(false), DisabledUntil: ptr(noon)}, active: true, invalid: true},
	"enable":                       {user: disabled, patch: account.AdminPatch{Active: ptr(true)}, active: true, action: audit.UserEnabled},
	"enable early":                 {user: disabledUntil(time.Hour), patch: account.AdminPatch{Active: ptr(true)}, active: true, action: audit.UserEnabled},
	"enable with a time":           {user: disabled, patch: account.AdminPatch{Active: ptr(true), DisabledUntil: ptr(noon)}, active: true, action: audit.UserEnabled},
	"until alone":                  {user: disabled, patch: account.AdminPatch{DisabledUntil: ptr(noon)}, invalid: true},
	"until alone, active":          {patch: account.AdminPatch{DisabledUntil: ptr(noon)}, active: true, invalid: true},
	"password of a disabled user":  {user: disabled, patch: account.AdminPatch{Password: ptr("a new long one")}, action: audit.PasswordChanged, ends: true},
	"password and enable":          {user: disabled, patch: account.AdminPatch{Password: ptr("a new long one"), Active: ptr(true)}, active: true, action: audit.UserEnabled, ends: true},
	"rename, until stays as it is": {user: disabledUntil(time.Hour), patch: account.AdminPatch{Name: ptr("x")}, until: noon.Add(time.Hour), action: audit.UserUpdated},
}

// An empty patch is no change: it has no event, and the time of the last change stays.
func TestEmptyPatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	u, err := f.Update(t.Context(), everyScope, ann.ID, account.AdminPatch{})
	require.NoError(t, err)
	require.Equal(t, ann, u)
	u, err = f.UpdateOwn(t.Context(), ann, ownOrigin, account.OwnPatch{})
	require.NoError(t, err)
	require.Equal(t, ann, u)
	require.Empty(t, f.store.patches)
	require.Empty(t, f.events(t))
}

func TestDisable(t *testing.T) {
	t.Parallel()
	for name, c := range disableCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if c.user == nil {
				c.user = func(*account.User) {}
			}
			ann := f.addUser(t, "Ann", c.user)
			_, err := f.Update(t.Context(), everyScope, ann.ID, c.patch)
			if c.invalid {
				requireFault(t, err, fault.InvalidRequest, "/disabled_until")
				require.Equal(t, ann, f.user(t, ann.ID))
				return
			}
			require.NoError(t, err)
			u := f.user(t, ann.ID)
			require.Equal(t, c.active, u.Active)
			require.Equal(t, c.until, u.DisabledUntil)
			require.Equal(t, c.action, f.event(t).Action)
			require.Equal(t, c.ends, f.store.patches[0].EndSessions)
		})
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		patch   account.AdminPatch
		edit    func(*account.User) // what changes of Ann
		code    fault.Code
		pointer string
	}{
		"nothing":        {edit: func(*account.User) {}},
		"username":       {patch: account.AdminPatch{Username: ptr("Anna")}, edit: func(u *account.User) { u.Username, u.UsernameKey = "Anna", "anna" }},
		"own username":   {patch: account.AdminPatch{Username: ptr("ANN")}, edit: func(u *account.User) { u.Username = "ANN" }},
		"email":          {patch: account.AdminPatch{Email: ptr("A@example.org"), EmailVerified: ptr(false)}, edit: func(u *account.User) { u.Email, u.EmailKey, u.EmailVerified = "A@example.org", "a@example.org", false }},
		"profile":        {patch: account.AdminPatch{Name: ptr("Ann A."), Picture: ptr("p")}, edit: func(u *account.User) { u.Name, u.Picture = "Ann A.", "p" }},
		"password":       {patch: account.AdminPatch{Password: ptr("a new long one")}, edit: func(u *account.User) { u.PasswordHash = "hash:a new long one"; u.Epoch++ }},
		"username taken": {patch: account.AdminPatch{Username: ptr("BOB")}, code: account.UsernameTaken, pointer: "/username"},
		"email taken":    {patch: account.AdminPatch{Email: ptr("BOB@example.org")}, code: account.EmailTaken, pointer: "/email"},
		"no username":    {patch: account.AdminPatch{Username: ptr("")}, code: account.InvalidUsername, pointer: "/username"},
		"no email":       {patch: account.AdminPatch{Email: ptr("")}, code: account.InvalidEmail, pointer: "/email"},
		"weak password":  {patch: account.AdminPatch{Password: ptr("short")}, code: account.WeakPassword, pointer: "/password"},
		"invalid name":   {patch: account.AdminPatch{Name: ptr("a\x00")}, code: fault.InvalidRequest, pointer: "/name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ann := f.addUser(t, "Ann")
			f.addUser(t, "Bob")
			u, err := f.Update(t.Context(), everyScope, ann.ID, c.patch)
			requireFault(t, err, c.code, c.pointer)
			if c.code == "" {
				c.edit(&ann)
				require.Equal(t, ann, u)
			}
			require.Equal(t, ann, f.user(t, ann.ID))
			want := []account.Message(nil)
			if c.code == "" && c.patch.Password != nil {
				want = []account.Message{{Kind: account.MessagePasswordChanged, UserID: ann.ID}}
			}
			require.Equal(t, want, f.messages(t))
		})
	}
}

// Without email, the user would be locked out: nothing changes.
func TestForceResetWithoutMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	d := f.directory(t, func(o *account.DirectoryOptions) { o.NoMail = true })
	require.ErrorIs(t, d.ForceReset(t.Context(), everyScope, ann.ID), account.ErrNoMail)
	require.ErrorContains(t, account.ErrNoMail, "LATCHKEY_SMTP_HOST")
	requireFault(t, d.ForceReset(t.Context(), holder{}, ann.ID), fault.InsufficientScope, "")
	require.Equal(t, ann, f.user(t, ann.ID))
	require.Empty(t, f.messages(t))
}

func TestForceReset(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	ctx := audit.With(t.Context(), &audit.Actor{Name: "root", ID: "root-id"})
	require.NoError(t, f.ForceReset(ctx, everyScope, ann.ID))
	u := f.user(t, ann.ID)
	require.Empty(t, u.PasswordHash, "no password works")
	require.Equal(t, ann.Epoch+1, u.Epoch, "all sessions end")
	require.Equal(t, []account.Message{{Kind: account.MessageReset, UserID: ann.ID}}, f.messages(t))
	event := f.event(t)
	require.Equal(t, audit.ResetRequested, event.Action)
	require.Equal(t, "root", event.Actor)
	require.Equal(t, "Ann", event.Target)
}
