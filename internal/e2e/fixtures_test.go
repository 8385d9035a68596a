package e2e

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/password"
)

// The secret of the fixture client web, whose characters need encoding, and its credentials in a form.
const webSecret = "s%x+"

var asWeb = []string{"client_id", "web", "client_secret", webSecret}

// addClients registers the clients that tests and vectors name.
func (i installation) addClients(t *testing.T) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	secret := func(text string, created, expires time.Time) oauth.ClientSecret {
		hash := sha256.Sum256([]byte(text))
		return oauth.ClientSecret{Hash: hash[:], CreatedAt: created, ExpiresAt: expires}
	}
	one := func(text string) []oauth.ClientSecret { return []oauth.ClientSecret{secret(text, now, time.Time{})} }
	two := func(oldExpires time.Time) []oauth.ClientSecret {
		return []oauth.ClientSecret{secret("old-secret", now.Add(-2*time.Hour), oldExpires), secret("new-secret", now.Add(-time.Hour), time.Time{})}
	}
	byPassword := []string{oauth.GrantPassword}
	refresh := []string{oauth.GrantPassword, oauth.GrantRefresh}
	credentials := []string{oauth.GrantClient}
	i.withStore(t, func(ctx context.Context, s store) {
		for _, c := range []oauth.Client{
			{ID: "swagger-ui", Secrets: one("s+x %"), Grants: byPassword, Active: true},
			{ID: "web", Secrets: one(webSecret), Grants: refresh, Active: true},
			{ID: "spa", Public: true, Grants: refresh, Active: true},
			{ID: "robot", Secrets: one("robot-secret"), Grants: credentials, Active: true},
			{ID: "worker", Secrets: one("worker-secret"), Grants: credentials, Scopes: []string{"users:read", "profile"}, Active: true},
			{ID: "blind", Secrets: one("blind-secret"), Grants: byPassword, Audiences: []string{"https://other.example"}, Active: true},
			{ID: "narrow", Secrets: one("narrow-secret"), Grants: byPassword, Scopes: []string{"profile"}, AccessTTL: time.Minute, Active: true},
			{ID: "closed", Secrets: one("closed-secret"), Grants: byPassword},
			{ID: "patched", Public: true, Grants: byPassword, Active: true},
			{ID: "keyless", Public: true, Grants: byPassword, Audiences: []string{"app-1"}, Active: true},
			{ID: "doomed", Public: true, Grants: byPassword, Active: true},
			{ID: "renewable", Secrets: one("renewable-secret"), Grants: byPassword, Active: true},
			{ID: "rotating", Secrets: two(now.Add(time.Hour)), Grants: byPassword, Active: true},
			{ID: "renewed", Secrets: two(now.Add(-time.Second)), Grants: byPassword, Active: true},
		} {
			c.Name, c.FirstParty, c.CreatedAt = c.ID, true, now
			require.NoError(t, s.CreateClient(ctx, c, audit.Change{}), c.ID)
		}
	})
}

// addUsers creates the roles and users that tests and vectors name. The password of most is devPassword.
func (i installation) addUsers(t *testing.T) {
	t.Helper()
	i.withStore(t, func(ctx context.Context, s store) {
		for name, scopes := range map[string][]string{
			"ROLE_KEEPER": {"clients:read", "clients:write", "profile", "roles:read", "roles:write"}, "ROLE_DOOMED": {},
			"ROLE_MANAGER": {"profile", "users:read", "users:write"},
		} {
			require.NoError(t, s.PutRole(ctx, account.Role{Name: name, Scopes: scopes}, audit.Change{}), name)
		}
		add := func(name, text, role string) {
			u := newUser(name, fixtureHash(ctx, t, text), role)
			itself := audit.With(ctx, &audit.Actor{Name: u.Username, ID: u.ID})
			created := audit.New(itself, u.CreatedAt, audit.UserCreated, u.Username, u.ID)
			require.NoError(t, s.CreateUser(ctx, u, audit.Change{Event: created}), name)
		}
		add("appendix-b", " %&+£€", account.RoleUser) // RFC 6749 appendix B
		add("José", "café-am-abend", account.RoleUser)
		for name, role := range map[string]string{"rita": account.RoleModerator, "keeper": "ROLE_KEEPER", "manager": "ROLE_MANAGER"} {
			add(name, devPassword(name), role)
		}
		for name := range strings.FieldsSeq("disabled single target leaver quitter plain self renamer retitled mover changer exporter goner " +
			"letters edited paused repassworded removed forced granted audited") {
			add(name, devPassword(name), account.RoleUser)
		}
		require.NoError(t, s.CreateUser(ctx, newUser("passwordless", "", account.RoleUser), audit.Change{}))
	})
}

// fixtureHashes are the hashes of the passwords of the fixtures, which many installations have in common.
var fixtureHashes sync.Map

func fixtureHash(ctx context.Context, t *testing.T, text string) string {
	t.Helper()
	if hash, found := fixtureHashes.Load(text); found {
		return hash.(string) //nolint:forcetypeassert // the line below stores no other type
	}
	hasher, err := password.New(password.Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	hash, err := hasher.Hash(ctx, text)
	require.NoError(t, err)
	fixtureHashes.Store(text, hash)
	return hash
}

// newUser returns a user that a store can create.
func newUser(name, hash, role string) account.User {
	now := time.Now().UTC().Truncate(time.Second)
	key := strings.ToLower(name)
	return account.User{
		ID: uuid.NewString(), Username: name, UsernameKey: key, Email: name + "@example.org", EmailKey: key + "@example.org",
		Active: name != "disabled", PasswordHash: hash, Roles: []string{role}, CreatedAt: now, UpdatedAt: now,
	}
}

// addHooks creates the webhooks that vectors name: one that receives nothing that happens, two that are
// not active, one to delete, another one, and one to send to. Their ids end with 1 to 6. The first and the last have
// a delivery, whose id ends with the same number.
func (i installation) addHooks(t *testing.T) {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	id := func(kind string, n int) string { return fmt.Sprintf("%s-0000-4000-8000-%012d", kind, n) }
	i.withStore(t, func(ctx context.Context, s store) {
		for n := 1; n <= 6; n++ {
			h := hook.Hook{ID: id("a0000000", n), URL: "http://127.0.0.1:9/hook", Events: []audit.Action{"none"}, Active: n != 2 && n != 3, CreatedAt: at}
			require.NoError(t, s.CreateHook(ctx, h, audit.Change{}))
		}
		for _, n := range []int{1, 6} {
			require.NoError(t, s.RecordDelivery(ctx, hook.Delivery{
				ID: id("d0000000", n), HookID: id("a0000000", n), Event: audit.UserDeleted, Body: []byte(`{"type":"user.deleted"}`),
				Status: hook.Failed, Attempts: 24, Response: 502, Error: "the receiver returned status 502", CreatedAt: time.Now(), TriedAt: time.Now(),
			}))
		}
	})
}
