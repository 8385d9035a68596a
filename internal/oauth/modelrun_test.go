package oauth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/postgres"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

var modelOps = flag.Int("model.ops", 4_000, "operations of the model test on each engine")

// workers is the number of databases that are tested at the same time, because each waits for its disk.
const workers = 4

// TestModel checks that sessions behave like the model, after any operations in any order, on both engines.
func TestModel(t *testing.T) {
	t.Parallel()
	for engine, open := range map[string]func(t *testing.T) storetest.Store{"postgres": openPostgres, "sqlite": openSQLite} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			total := make(chan map[string]int, workers)
			t.Cleanup(func() { requireAllSeen(t, total) })
			for worker := range workers {
				t.Run(fmt.Sprint(worker), func(t *testing.T) {
					t.Parallel()
					w := newModelWorld(open(t))
					for w.ops() < *modelOps/workers {
						rapid.Check(t, func(rt *rapid.T) {
							if w.ops() < *modelOps/workers { // a check runs up to a hundred trials
								w.begin(rt).run(rt)
							}
						})
					}
					total <- w.seen
				})
			}
		})
	}
}

// requireAllSeen fails unless every outcome occurred: otherwise the test has shown nothing about it.
func requireAllSeen(t *testing.T, total chan map[string]int) {
	t.Helper()
	if t.Failed() {
		return
	}
	sum, ops := map[string]int{}, 0
	for range workers {
		for what, n := range <-total {
			sum[what] += n
			ops += n
		}
	}
	ops -= sum["reuse"] // counted in addition to an operation
	require.GreaterOrEqual(t, ops, *modelOps)
	t.Logf("%d operations: %v", ops, sum)
	for _, what := range []string{
		"refresh rotated", "refresh repeated", "refresh invalid_grant", "refresh invalid_client", "refresh invalid_scope",
		"reuse", "sign in 200", "sign in invalid_grant", "sign in invalid_client", "access alive", "access dead",
		"revoke 200", "revoke invalid_grant", "introspect true", "introspect false", "list", "end one", "end others",
		"password", "user enabled", "user disabled", "role granted", "role revoked", "client enabled", "client disabled", "time", "purge",
	} {
		require.Positive(t, sum[what], what)
	}
}

func openPostgres(t *testing.T) storetest.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), storetest.PostgresURL(t), postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	return s
}

func openSQLite(t *testing.T) storetest.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	return s
}

// modelWorld is a service on a database, with a clock that only moves forward.
type modelWorld struct {
	*oauth.Service
	store storetest.Store
	now   time.Time
	seen  map[string]int // how often each outcome occurred
}

func newModelWorld(store storetest.Store) *modelWorld {
	w := &modelWorld{store: store, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), seen: map[string]int{}}
	var err error
	w.Service, err = oauth.New(oauth.Options{
		Settings: oauth.Settings{
			Issuer: "https://auth.example", Audience: []string{"https://auth.example"}, AccessTTL: modelTTL,
			RefreshGrace: modelGrace, SessionIdle: modelIdle, SessionMax: modelMax, PublicClient: true,
		},
		RefreshKeys: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Accounts:    acceptOne{store}, Clients: store, Sessions: store, Ended: store, Events: store, Keys: plainKeys{w.clock}, Vault: plainVault{}, Limits: noLimits{},
		Now: w.clock, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err) // the options above are invalid
	}
	return w
}

func (w *modelWorld) clock() time.Time { return w.now }

func (w *modelWorld) ops() int {
	sum := -w.seen["reuse"] // counted in addition to an operation
	for _, n := range w.seen {
		sum += n
	}
	return sum
}

// acceptOne signs in every active user with one password.
type acceptOne struct{ users account.UserStore }

func (acceptOne) DeviceHint(u account.User) string { return "hint for " + u.Username }

func (a acceptOne) SignIn(ctx context.Context, login string, attempt account.Attempt) (account.User, error) {
	u, err := a.users.UserByUsername(ctx, login)
	if err == nil && (!u.Active || attempt.Password != "right") {
		err = account.ErrInvalidCredentials
	}
	return u, err
}

// noLimits allows every attempt.
type noLimits struct{}

func (noLimits) CountClientFailure(context.Context, string, string) (time.Duration, error) {
	return 0, nil
}

// plainKeys encodes claims without signing them.
type plainKeys struct{ now func() time.Time }

func (plainKeys) Sign(c oauth.Claims) (string, error) {
	raw, err := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// SignShared returns the key with the claims. Verify does not accept it.
func (k plainKeys) SignShared(c oauth.Claims, key []byte) (string, error) {
	token, err := k.Sign(c)
	return string(key) + "." + token, err
}

// SignRevocations encodes a list without signing it.
func (plainKeys) SignRevocations(list oauth.Revocations) (string, error) {
	raw, err := json.Marshal(list)
	return string(raw), err
}

func (k plainKeys) Verify(token string) (c oauth.Claims, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(raw, &c) != nil || !k.now().Before(c.ExpiresAt) {
		return oauth.Claims{}, oauth.ErrInvalidToken
	}
	return c, nil
}

// trial is one sequence of operations with its own users and clients.
type trial struct {
	*modelWorld
	m       *model
	ids     map[string]string // of users, by name
	users   []string
	clients []string
}

const clientSecret = "cs_right"

func (w *modelWorld) begin(t *rapid.T) *trial {
	r := &trial{modelWorld: w, ids: map[string]string{}, clients: []string{""}, m: &model{
		now: w.now, users: map[string]*modelUser{}, clients: map[string]*modelClient{"": {public: true, active: true}}}}
	for range 2 {
		u := storetest.NewUser()
		u.Roles = []string{account.RoleUser}
		require.NoError(t, w.store.CreateUser(t.Context(), u, audit.Change{}))
		r.users, r.ids[u.UsernameKey] = append(r.users, u.UsernameKey), u.ID
		r.m.users[u.UsernameKey] = &modelUser{active: true}
	}
	for _, public := range []bool{true, false} {
		c := oauth.Client{ID: uuid.NewString(), Public: public, Grants: []string{oauth.GrantPassword, oauth.GrantRefresh}, Active: true, CreatedAt: w.now}
		if !public {
			c.Secrets = []oauth.ClientSecret{{Hash: sha(clientSecret), CreatedAt: w.now}}
		}
		require.NoError(t, w.store.CreateClient(t.Context(), c, audit.Change{}))
		r.clients = append(r.clients, c.ID)
		r.m.clients[c.ID] = &modelClient{public: public, active: true}
	}
	return r
}

// run repeats the operations that keep sessions in use more often than the others, because otherwise few
// sessions would live long enough to be used.
func (r *trial) run(t *rapid.T) {
	often := func(name string, n int, do func(*rapid.T), all map[string]func(*rapid.T)) {
		for i := range n {
			all[fmt.Sprint(name, " ", i)] = do
		}
	}
	all := map[string]func(*rapid.T){"role": r.role, "list": r.list, "purge": r.purge, "revoke": r.revoke, "end": r.end, "restore": r.restore}
	often("sign in", 3, r.signIn, all)
	often("refresh", 9, r.refresh, all)
	often("access", 2, r.access, all)
	often("introspect", 2, r.introspect, all)
	often("time", 3, r.time, all)
	t.Repeat(all)
}

// happened counts an outcome.
func (r *trial) happened(what string) { r.seen[what]++ }

// code returns the outcome of a call as the model names it.
func code(err error) string {
	var known *fault.Error
	if err == nil {
		return "200"
	}
	if errors.As(err, &known) {
		return string(known.Code)
	}
	return err.Error()
}
