package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// CreateSession stores a user with a session.
func CreateSession(t testing.TB, db interface {
	account.UserStore
	oauth.SessionStore
}) oauth.Session {
	t.Helper()
	u := NewUser()
	require.NoError(t, db.CreateUser(t.Context(), u, noRecord))
	s := newSession(u)
	require.NoError(t, db.CreateSession(t.Context(), s, noRecord))
	return s
}

// SessionIsFresh changes a session through two stores with the same database in turn. No read of the first one that
// begins after a change has returned may see the state before it, while others read the session and change another one
// all the time.
func SessionIsFresh(t *testing.T, s, another oauth.Session, first, second oauth.SessionStore) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	defer others.Wait()
	defer stop()
	for range 2 { // keep it remembered
		others.Go(func() {
			for ctx.Err() == nil {
				_, _, _ = first.SessionByID(ctx, s.ID)
			}
		})
	}
	for _, db := range []oauth.SessionStore{first, second} {
		others.Go(func() {
			for ctx.Err() == nil {
				_ = db.RepeatRotation(ctx, another.FamilyID, another.Counter)
			}
		})
	}
	for i := range 100 {
		writer := []oauth.SessionStore{first, second}[i%2]
		require.NoError(t, writer.RepeatRotation(t.Context(), s.FamilyID, s.Counter))
		got, _, err := first.SessionByID(t.Context(), s.ID)
		require.NoError(t, err)
		require.Equal(t, s.Repeats+i+1, got.Repeats)
	}
}

// A caller that changes what it got changes nothing for others.
func sessionOwnCopy(t *testing.T, db Database) {
	want := CreateSession(t, db)
	for range 3 {
		got, u, err := db.SessionByID(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want.FamilyID, got.FamilyID)
		require.Equal(t, want.Scopes, got.Scopes)
		require.Equal(t, NewUser().Roles, u.Roles)
		require.Equal(t, NewUser().Scopes, u.Scopes)
		clear(got.FamilyID)
		clear(got.Scopes)
		clear(u.Roles)
		clear(u.Scopes)
	}
}

func clientOwnCopy(t *testing.T, db Database) {
	want := mustCreateClient(t, db)
	for range 3 {
		got, err := db.ClientByID(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
		clear(got.Grants)
		clear(got.Scopes)
		clear(got.Audiences)
		clear(got.TokenKeys.Current)
		clear(got.TokenKeys.Next)
		clear(got.Secrets[0].Hash)
		clear(got.Secrets)
	}
}
