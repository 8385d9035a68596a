package storetest

import (
	"context"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/migrations"
)

// Store is all that an engine does.
type Store interface {
	account.Store
	oauth.SessionStore
	oauth.ClientStore
	oauth.KeyStore
	outbox.Store
	hook.Store
	throttle.Store
	Ping(ctx context.Context) error
	Up(ctx context.Context) (applied int, err error)
	Down(ctx context.Context) error
	Status(ctx context.Context) ([]migrations.Status, error)
}

// World is one fresh database.
type World struct {
	Store
	// Exec changes rows in ways for which no method exists. The SQL must suit both engines.
	Exec func(t *testing.T, sql string)
}

// Run runs the suite. open gives a migrated world without users and ends it with the test.
func Run(t *testing.T, open func(t *testing.T) World) {
	for name, test := range map[string]func(*testing.T, func(*testing.T) World){
		"users":    testUsers,
		"roles":    testRoles,
		"sessions": testSessions,
		"rotate":   testRotate,
		"changes":  testChanges,
		"clients":  testClients,
		"keys":     testKeys,
		"notes":    testNotes,
		"admin":    testAdmin,
		"list":     testList,
		"import":   testImport,
		"one-time": testOneTime,
		"audit":    testAudit,
		"outbox":   testOutbox,
		"hooks":    testHooks,
		"throttle": testThrottle,
		"cancel":   testCancel,
		"migrate":  testMigrate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

// cases runs each test in parallel, in its own world.
func cases(t *testing.T, open func(*testing.T) World, tests map[string]func(*testing.T, World)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}
