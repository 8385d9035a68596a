package storetest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// requireNoZeroFields fails for a fixture with a zero field. A test with such a fixture would not notice
// a column that a store forgets.
func requireNoZeroFields(t *testing.T, v any) {
	t.Helper()
	requireNotZero(t, reflect.ValueOf(v), reflect.TypeOf(v).String())
}

func requireNotZero(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	require.False(t, v.IsZero(), "%s is zero", name)
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			requireNotZero(t, v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		require.NotZero(t, v.Len(), "%s is empty", name)
		for i := range v.Len() {
			requireNotZero(t, v.Index(i), fmt.Sprintf("%s[%d]", name, i))
		}
	}
}

// rounds is how often a test repeats a race, so that each order occurs many times.
const rounds = 60

// inParallel calls do n times at once and returns the errors.
func inParallel(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// requireOneSucceeds fails unless one call succeeded and all others returned an error.
func requireOneSucceeds(t *testing.T, otherErr error, errs []error) {
	t.Helper()
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
			continue
		}
		require.ErrorIs(t, err, otherErr)
	}
	require.Equal(t, 1, succeeded)
}

// requireBatches fails unless purge deletes seven rows, and never more than its limit at once.
func requireBatches(t *testing.T, purge func(limit int) (int, error)) {
	t.Helper()
	for _, batch := range []struct{ limit, want int }{{0, 0}, {-1, 0}, {3, 3}, {3, 3}, {3, 1}, {3, 0}} {
		n, err := purge(batch.limit)
		require.NoError(t, err)
		require.Equal(t, batch.want, n, "limit %d", batch.limit)
	}
}

// mustCreateUser stores a new user after edit, which may be nil.
func mustCreateUser(t *testing.T, db Accounts, edit func(*account.User)) account.User {
	t.Helper()
	u := NewUser()
	if edit != nil {
		edit(&u)
	}
	require.NoError(t, db.CreateUser(t.Context(), u, noRecord))
	return u
}

// mustCreateSession stores a new session of u after edit, which may be nil.
func mustCreateSession(t *testing.T, db oauth.SessionStore, u account.User, edit func(*oauth.Session)) oauth.Session {
	t.Helper()
	s := newSession(u)
	if edit != nil {
		edit(&s)
	}
	require.NoError(t, db.CreateSession(t.Context(), s, noRecord))
	return s
}

// mustCreateClient stores a new client.
func mustCreateClient(t *testing.T, db oauth.ClientStore) oauth.Client {
	t.Helper()
	c := newClient()
	require.NoError(t, db.CreateClient(t.Context(), c, noRecord))
	return c
}

// watchSession stores a session of u, if the store has sessions. The returned function fails if the
// session has changed.
func watchSession(t *testing.T, db Accounts, u account.User) (requireUnchanged func(msg ...any)) {
	t.Helper()
	sessions, ok := db.(oauth.SessionStore)
	if !ok {
		return func(...any) {}
	}
	s := mustCreateSession(t, sessions, u, nil)
	return func(msg ...any) {
		t.Helper()
		requireSession(t, sessions, s, msg...)
	}
}

// setPassword changes a password and ends all sessions but keep, as account does.
func setPassword(ctx context.Context, db Accounts, id, hash, keep string, now time.Time) error {
	p := account.UserPatch{PasswordHash: &hash, EndSessions: true, KeepSession: keep, Reason: account.EndedByPassword}
	return db.UpdateUser(ctx, id, p, now, noRecord)
}

// setActive enables a user, or disables the user and ends all sessions.
func setActive(ctx context.Context, db Accounts, id string, active bool, now time.Time) error {
	p := account.UserPatch{Active: &active, EndSessions: !active, Reason: account.EndedByDisable}
	return db.UpdateUser(ctx, id, p, now, noRecord)
}

// listUsers returns a page of all users.
func listUsers(ctx context.Context, db Accounts, after account.Position, limit int) ([]account.User, error) {
	users, _, err := db.ListUsers(ctx, account.Query{After: after, Limit: limit})
	return users, err
}

// requireSession fails unless the stored session equals want in every field.
func requireSession(t *testing.T, db oauth.SessionStore, want oauth.Session, msg ...any) {
	t.Helper()
	got, _, err := db.SessionByID(t.Context(), want.ID)
	require.NoError(t, err, msg...)
	require.Equal(t, want, got, msg...)
}

// requireUser fails unless the stored user equals want in every field.
func requireUser(t *testing.T, db Accounts, want account.User, msg ...any) {
	t.Helper()
	got, err := db.UserByID(t.Context(), want.ID)
	require.NoError(t, err, msg...)
	require.Equal(t, want, got, msg...)
}

// requireClient fails unless the stored client equals want in every field.
func requireClient(t *testing.T, db oauth.ClientStore, want oauth.Client, msg ...any) {
	t.Helper()
	got, err := db.ClientByID(t.Context(), want.ID)
	require.NoError(t, err, msg...)
	require.Equal(t, want, got, msg...)
}

// revoked returns s as it is after it has been revoked.
func revoked(s oauth.Session, at time.Time, reason string) oauth.Session {
	s.RevokedAt, s.RevokedReason = at, reason
	return s
}
