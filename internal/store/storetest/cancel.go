package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
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

func everyMethod(w World, u account.User) []act {
	fresh, s, c, k := NewUser(), newSession(u), newClient(), newKey(1)
	return []act{
		{"CreateUser", func(ctx context.Context) error { return w.CreateUser(ctx, fresh) }},
		{"UserByUsername", func(ctx context.Context) error { _, err := w.UserByUsername(ctx, u.UsernameKey); return err }},
		{"UserByEmail", func(ctx context.Context) error { _, err := w.UserByEmail(ctx, u.EmailKey); return err }},
		{"UserByID", func(ctx context.Context) error { _, err := w.UserByID(ctx, u.ID); return err }},
		{"ListUsers", func(ctx context.Context) error { _, err := w.ListUsers(ctx, account.Position{}, 9); return err }},
		{"GrantRole", func(ctx context.Context) error { return w.GrantRole(ctx, u.ID, account.RoleAdmin, noon) }},
		{"RevokeRole", func(ctx context.Context) error { return w.RevokeRole(ctx, u.ID, account.RoleUser, noon) }},
		{"ReplacePasswordHash", func(ctx context.Context) error { return w.ReplacePasswordHash(ctx, u.ID, u.PasswordHash, "new") }},
		{"CreateSession", func(ctx context.Context) error { return w.CreateSession(ctx, s) }},
		{"SessionUser", func(ctx context.Context) error { _, err := w.SessionUser(ctx, s.ID, noon); return err }},
		{"CreateClient", func(ctx context.Context) error { return w.CreateClient(ctx, c) }},
		{"ClientByID", func(ctx context.Context) error { _, err := w.ClientByID(ctx, c.ID); return err }},
		{"AddSigningKey", func(ctx context.Context) error { return w.AddSigningKey(ctx, k) }},
		{"SigningKeys", func(ctx context.Context) error { _, err := w.SigningKeys(ctx); return err }},
		{"Spend", func(ctx context.Context) error {
			_, err := w.Spend(ctx, noon, []throttle.Charge{charge([]byte("key"), noon)})
			return err
		}},
		{"Refund", func(ctx context.Context) error {
			return w.Refund(ctx, noon, []throttle.Refund{{Key: []byte("key"), Amount: time.Second}})
		}},
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
	got, err := w.ListUsers(t.Context(), account.Position{}, 9)
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
