package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/throttle"
)

func testCancel(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"before the start": cancelBefore,
		"past a deadline":  cancelDeadline,
	})
}

// act is one call of every method.
type act struct {
	name string
	do   func(ctx context.Context) error
}

// everyMethod is in an order in which each can be done after those before it.
func everyMethod(w World, u account.User) []act {
	return slices.Concat(userMethods(w, u), sessionMethods(w, u), clientMethods(w), throttleMethods(w))
}

func userMethods(w World, u account.User) []act {
	fresh := NewUser()
	return []act{
		{"CreateUser", func(ctx context.Context) error { return w.CreateUser(ctx, fresh, none) }},
		{"UserByUsername", func(ctx context.Context) error { _, err := w.UserByUsername(ctx, u.UsernameKey); return err }},
		{"UserByEmail", func(ctx context.Context) error { _, err := w.UserByEmail(ctx, u.EmailKey); return err }},
		{"UserByID", func(ctx context.Context) error { _, err := w.UserByID(ctx, u.ID); return err }},
		{"ListUsers", func(ctx context.Context) error { _, err := listUsers(ctx, w, account.Position{}, 9); return err }},
		{"GrantRole", func(ctx context.Context) error { return w.GrantRole(ctx, fresh.ID, account.RoleAdmin, noon, none) }},
		{"RevokeRole", func(ctx context.Context) error { return w.RevokeRole(ctx, u.ID, account.RoleUser, noon, none) }},
		{"ReplacePasswordHash", func(ctx context.Context) error { return w.ReplacePasswordHash(ctx, u.ID, u.PasswordHash, "new") }},
		{"PutRole", func(ctx context.Context) error { return w.PutRole(ctx, account.Role{Name: "ROLE_NEW"}, none) }},
		{"Roles", func(ctx context.Context) error { _, err := w.Roles(ctx); return err }},
		{"RoleByName", func(ctx context.Context) error { _, err := w.RoleByName(ctx, account.RoleUser); return err }},
		{"DeleteRole", func(ctx context.Context) error { return w.DeleteRole(ctx, "ROLE_NEW", none) }},
	}
}

func sessionMethods(w World, u account.User) []act {
	s := newSession(u)
	return []act{
		{"CreateSession", func(ctx context.Context) error { return w.CreateSession(ctx, s, none) }},
		{"SessionByID", func(ctx context.Context) error { _, _, err := w.SessionByID(ctx, s.ID); return err }},
		{"SessionByFamily", func(ctx context.Context) error { _, _, err := w.SessionByFamily(ctx, s.FamilyID); return err }},
		{"RepeatRotation", func(ctx context.Context) error { return w.RepeatRotation(ctx, s.FamilyID, s.Counter) }},
		{"RotateSession", func(ctx context.Context) error { return w.RotateSession(ctx, rotation(s)) }},
		{"UserSessions", func(ctx context.Context) error { _, err := w.UserSessions(ctx, u.ID, noon); return err }},
		{"RevokeSession", func(ctx context.Context) error { return w.RevokeSession(ctx, s.ID, "", "test", noon, none) }},
		{"RevokeSessions", func(ctx context.Context) error {
			_, err := w.RevokeSessions(ctx, u.ID, "", "test", noon, none)
			return err
		}},
		{"PurgeSessions", func(ctx context.Context) error { _, err := w.PurgeSessions(ctx, noon, 9); return err }},
		{"SetPassword", func(ctx context.Context) error { return setPassword(ctx, w, u.ID, "newer", "", noon) }},
		{"SetActive", func(ctx context.Context) error { return setActive(ctx, w, u.ID, false, noon) }},
		{"DeleteUser", func(ctx context.Context) error { return w.DeleteUser(ctx, u.ID, noon, none) }},
	}
}

func clientMethods(w World) []act {
	c, k := newClient(), newKey(1)
	return []act{
		{"CreateClient", func(ctx context.Context) error { return w.CreateClient(ctx, c, none) }},
		{"ClientByID", func(ctx context.Context) error { _, err := w.ClientByID(ctx, c.ID); return err }},
		{"ListClients", func(ctx context.Context) error { _, err := w.ListClients(ctx, "", 9); return err }},
		{"UpdateClient", func(ctx context.Context) error { return w.UpdateClient(ctx, c.ID, oauth.ClientPatch{}, noon, none) }},
		{"RotateClientSecret", func(ctx context.Context) error {
			return w.RotateClientSecret(ctx, c.ID, oauth.ClientSecret{Hash: random(32), CreatedAt: noon}, noon, none)
		}},
		{"DeleteClient", func(ctx context.Context) error { return w.DeleteClient(ctx, c.ID, noon, none) }},
		{"AddSigningKey", func(ctx context.Context) error { return w.AddSigningKey(ctx, k) }},
		{"SigningKeys", func(ctx context.Context) error { _, err := w.SigningKeys(ctx); return err }},
		{"ReplaceSealed", func(ctx context.Context) error { return w.ReplaceSealed(ctx, k.ID, k.Sealed, nil) }},
		{"DeleteSigningKey", func(ctx context.Context) error { return w.DeleteSigningKey(ctx, k.ID) }},
	}
}

func throttleMethods(w World) []act {
	return []act{
		{"Spend", func(ctx context.Context) error {
			_, err := w.Spend(ctx, noon, []throttle.Charge{charge([]byte("key"), noon)})
			return err
		}},
		{"Refund", func(ctx context.Context) error {
			return w.Refund(ctx, noon, []throttle.Refund{{Key: []byte("key"), Amount: time.Second}})
		}},
		{"PurgeThrottle", func(ctx context.Context) error { _, err := w.PurgeThrottle(ctx, noon, 9); return err }},
		{"Ping", w.Ping},
	}
}

func cancelBefore(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	acts := everyMethod(w, u)
	for _, a := range acts {
		require.ErrorIs(t, a.do(gone), context.Canceled, a.name)
	}
	got, err := listUsers(t.Context(), w, account.Position{}, 9)
	require.NoError(t, err)
	require.Equal(t, []account.User{u}, got)
	// Whatever was refused can be done now, so none of it had been done.
	for _, a := range acts {
		require.NoError(t, a.do(t.Context()), a.name)
	}
}

func cancelDeadline(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	late, cancel := context.WithDeadline(t.Context(), noon.Add(-100*365*24*time.Hour))
	defer cancel()
	for _, a := range everyMethod(w, u) {
		require.ErrorIs(t, a.do(late), account.ErrUnavailable, a.name)
	}
}
