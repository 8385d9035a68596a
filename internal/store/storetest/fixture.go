package storetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// noon is the time of every fixture.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// none is the note of a change of which none is kept.
var none audit.Note

// NewUser makes a user whose every field that a store keeps is set, and whose names are unique.
func NewUser() account.User {
	tag := hex.EncodeToString(random(6))
	return account.User{
		ID:            newUUID(),
		Username:      "Ann-" + tag,
		UsernameKey:   "ann-" + tag,
		Email:         "Ann@" + tag + ".example",
		EmailKey:      "ann@" + tag + ".example",
		EmailVerified: true,
		Active:        true,
		DisabledUntil: noon.AddDate(1, 0, 0), // which is of no weight while he is active
		Name:          "Ann Example",
		Picture:       "https://pictures.example/ann.png",
		PasswordHash:  "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
		Roles:         []string{account.RoleModerator, account.RoleUser},
		Scopes:        []string{"profile", "users:read"},
		Epoch:         7,
		CreatedAt:     noon,
		UpdatedAt:     noon.Add(time.Hour),
	}
}

func newSession(u account.User) oauth.Session {
	return oauth.Session{
		ID:            newUUID(),
		FamilyID:      random(16),
		UserID:        u.ID,
		UserEpoch:     u.Epoch,
		ClientID:      oauth.PublicClientID,
		Scopes:        []string{"profile"},
		Counter:       3,
		RotatedAt:     noon.Add(2 * time.Minute),
		Repeats:       2,
		Address:       "2001:db8::1",
		UserAgent:     "curl/8.0",
		CreatedAt:     noon,
		LastUsedAt:    noon.Add(3 * time.Minute),
		IdleUntil:     noon.Add(time.Hour),
		AbsoluteUntil: noon.Add(2 * time.Hour),
	}
}

// newOwnSession is of a client that acts for itself.
func newOwnSession() oauth.Session {
	s := newSession(account.User{})
	s.ClientID = newClient().ID
	return s
}

func newClient() oauth.Client {
	return oauth.Client{
		ID:         "client-" + hex.EncodeToString(random(6)),
		Name:       "A client",
		Public:     true,
		FirstParty: true,
		Secrets: []oauth.ClientSecret{
			{Hash: random(32), CreatedAt: noon.Add(time.Minute), ExpiresAt: noon.Add(2 * time.Hour)},
			{Hash: random(32), CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)},
		},
		Grants:      []string{"refresh_token", "password"},
		Scopes:      []string{"users:read", "profile"},
		Audiences:   []string{"https://b.example", "https://a.example"},
		AccessTTL:   5 * time.Minute,
		SessionIdle: time.Hour,
		SessionMax:  24 * time.Hour,
		Active:      true,
		CreatedAt:   noon,
	}
}

func newKey(generation int64) oauth.SigningKey {
	return oauth.SigningKey{
		ID:         hex.EncodeToString(random(16)),
		Generation: generation,
		Algorithm:  "ES256",
		Public:     []byte(`{"kty":"EC", "crv":"P-256"}`),
		Sealed:     random(64),
		CreatedAt:  noon,
		SignsFrom:  noon.Add(time.Hour),
		SignsUntil: noon.Add(2 * time.Hour),
	}
}

// requireFilled fails for a fixture with a zero field: a column that a store forgets would go
// unnoticed there.
func requireFilled(t *testing.T, v any) {
	t.Helper()
	filled(t, reflect.ValueOf(v), reflect.TypeOf(v).String())
}

func filled(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	require.False(t, v.IsZero(), "%s is zero", name)
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			filled(t, v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		require.NotZero(t, v.Len(), "%s is empty", name)
		for i := range v.Len() {
			filled(t, v.Index(i), fmt.Sprintf("%s[%d]", name, i))
		}
	}
}

// inParallel runs do n times at once and gives the errors.
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

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func newUUID() string {
	b := random(16)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// mustCreate stores a new user after edit, if there is one.
func mustCreate(t *testing.T, w World, edit func(*account.User)) account.User {
	t.Helper()
	u := NewUser()
	if edit != nil {
		edit(&u)
	}
	require.NoError(t, w.CreateUser(t.Context(), u, none))
	return u
}

// mustSignIn stores a new session of u after edit, if there is one.
func mustSignIn(t *testing.T, w World, u account.User, edit func(*oauth.Session)) oauth.Session {
	t.Helper()
	s := newSession(u)
	if edit != nil {
		edit(&s)
	}
	require.NoError(t, w.CreateSession(t.Context(), s, none))
	return s
}

// setPassword changes a password as an account does, and ends all sessions but keep.
func setPassword(ctx context.Context, s account.Store, id, hash, keep string, now time.Time) error {
	p := account.UserPatch{PasswordHash: &hash, EndSessions: true, KeepSession: keep, Reason: oauth.EndedByPassword}
	return s.UpdateUser(ctx, id, p, now, none)
}

// setActive switches a user on, or off with all sessions.
func setActive(ctx context.Context, s account.Store, id string, active bool, now time.Time) error {
	p := account.UserPatch{Active: &active, EndSessions: !active, Reason: oauth.EndedByDisable}
	return s.UpdateUser(ctx, id, p, now, none)
}

// listUsers gives a page of all users.
func listUsers(ctx context.Context, s account.Store, after account.Position, limit int) ([]account.User, error) {
	users, _, err := s.ListUsers(ctx, account.Query{After: after, Limit: limit})
	return users, err
}

// requireSession fails unless the store holds want, in every field.
func requireSession(t *testing.T, w World, want oauth.Session, msg ...any) {
	t.Helper()
	got, _, err := w.SessionByID(t.Context(), want.ID)
	require.NoError(t, err, msg...)
	require.Equal(t, want, got, msg...)
}

// requireUser fails unless the store holds want, in every field.
func requireUser(t *testing.T, w World, want account.User, msg ...any) {
	t.Helper()
	got, err := w.UserByID(t.Context(), want.ID)
	require.NoError(t, err, msg...)
	require.Equal(t, want, got, msg...)
}

// requireClient fails unless the store holds want, in every field.
func requireClient(t *testing.T, w World, want oauth.Client, msg ...any) {
	t.Helper()
	got, err := w.ClientByID(t.Context(), want.ID)
	require.NoError(t, err, msg...)
	require.Equal(t, want, got, msg...)
}

// ended is s after it was revoked.
func ended(s oauth.Session, at time.Time, reason string) oauth.Session {
	s.RevokedAt, s.RevokedReason = at, reason
	return s
}

// notIDs are texts that no id equals, whatever an engine would also read as one.
func notIDs(id string) []string {
	return []string{"", "x", newUUID(), strings.ToUpper(id), "{" + id + "}", strings.ReplaceAll(id, "-", ""), id + "\x00"}
}
