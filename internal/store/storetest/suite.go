package storetest

import (
	"context"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/statistics"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/migrations"
)

// Accounts is a store for account, of which a test can read the jobs.
type Accounts interface {
	accountStores
	account.Queue
	// Jobs returns all jobs of the outbox.
	Jobs(ctx context.Context) ([]outbox.Job, error)
}

// Store is what an engine implements.
type Store interface {
	accountStores
	oauthStores
	hook.Store
	statistics.Store
	throttle.Store
	outbox.Store
	outbox.Monitor
	store.Keeper
	migrator
	Ping(ctx context.Context) error
}

type migrator interface {
	Up(ctx context.Context) (applied int, err error)
	Down(ctx context.Context) error
	Status(ctx context.Context) ([]migrations.Status, error)
	Compatibility(ctx context.Context) (migrations.Compatibility, error)
}

type accountStores interface {
	account.UserStore
	account.RoleStore
	account.OneTimeTokenStore
	audit.Store
}

type oauthStores interface {
	oauth.SessionStore
	oauth.EndedSessionStore
	oauth.ClientStore
	keyring.Store
}

// Database is one fresh database of an engine.
type Database struct {
	Store
	// Exec runs SQL that both engines understand, for changes that no method makes.
	Exec func(t *testing.T, sql string)
}

// Jobs returns all jobs of the outbox and leaves them due. It increments their attempts.
func (db Database) Jobs(ctx context.Context) ([]outbox.Job, error) {
	return db.ClaimJobs(ctx, noon.AddDate(10, 0, 0), 0, 10_000)
}

// tests are the tests of one subject, by name.
type tests[S any] map[string]func(*testing.T, S)

// Run runs all tests. open returns a migrated database without users and closes it after the test.
func Run(t *testing.T, open func(t *testing.T) Database) {
	RunAccounts(t, func(t *testing.T) Accounts { return open(t) })
	run(t, open, map[string]tests[Database]{
		"sessions":             sessionTests,
		"session rotation":     sessionRotationTests,
		"session end":          sessionEndTests,
		"ended sessions":       endedSessionTests,
		"clients":              clientTests,
		"signing keys":         signingKeyTests,
		"hooks":                hookTests,
		"statistics":           statisticsTests,
		"outbox":               outboxTests,
		"throttle":             throttleTests,
		"known networks":       knownNetworkTests,
		"keeper":               keeperTests,
		"OAuth change records": oauthChangeRecordTests(),
		"context":              contextTests,
		"migrations":           migrationTests,
	})
}

// RunAccounts runs the tests of users, roles, one-time tokens and the audit log, and checks the jobs of
// their changes. open returns a store with the built-in roles and without users.
func RunAccounts(t *testing.T, open func(t *testing.T) Accounts) {
	run(t, open, map[string]tests[Accounts]{
		"users":                  userTests,
		"user list":              userListTests,
		"user search":            userSearchTests,
		"user update":            userUpdateTests,
		"last administrator":     lastAdminTests,
		"user import":            userImportTests,
		"roles":                  roleTests,
		"one-time tokens":        oneTimeTokenTests,
		"audit log":              auditTests,
		"account change records": accountChangeRecordTests(),
		"account context":        accountContextTests,
	})
}

// run runs each test in parallel on its own store.
func run[S any](t *testing.T, open func(*testing.T) S, subjects map[string]tests[S]) {
	for subject, tests := range subjects {
		t.Run(subject, func(t *testing.T) {
			t.Parallel()
			for name, test := range tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, open(t))
				})
			}
		})
	}
}
