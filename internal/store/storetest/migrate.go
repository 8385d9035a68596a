package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/migrations"
)

var migrationTests = tests[Database]{
	"up twice":                   migrateUpTwice,
	"down and up":                migrateDownAndUp,
	"newer schema":               migrateNewerSchema,
	"admitted by a newer schema": migrateAdmitted,
	"status":                     migrateStatus,
	"to version 1":               migrateToVersion1,
}

func migrateUpTwice(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	applied, err := db.Up(t.Context())
	require.NoError(t, err)
	require.Zero(t, applied)
	requireUser(t, db, u)
}

func migrateDownAndUp(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	list, err := db.Status(t.Context())
	require.NoError(t, err)
	for range list {
		require.NoError(t, db.Down(t.Context()))
	}
	require.ErrorContains(t, db.Down(t.Context()), "no migration to roll back")
	_, err = db.UserByID(t.Context(), u.ID)
	require.Error(t, err, "the tables still exist")

	applied, err := db.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(list), applied)
	_, err = db.UserByID(t.Context(), u.ID)
	require.ErrorIs(t, err, fault.ErrNotFound)
	mustCreateUser(t, db, nil)
}

func migrateNewerSchema(t *testing.T, db Database) {
	db.Exec(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
	_, err := db.Up(t.Context())
	require.ErrorContains(t, err, "run a newer program")
	require.ErrorContains(t, db.Down(t.Context()), "run a newer program")
	mustCreateUser(t, db, nil) // the tables still exist
}

// migrateAdmitted lets a newer schema admit the program. It then runs, and leaves the schema as it is.
func migrateAdmitted(t *testing.T, db Database) {
	before, err := db.Compatibility(t.Context())
	require.NoError(t, err)
	require.Equal(t, before.Program, before.Schema)
	db.Exec(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
	c, err := db.Compatibility(t.Context())
	require.NoError(t, err)
	require.Equal(t, migrations.Compatibility{Schema: 99999, Oldest: 99999, Program: before.Program}, c, "a schema that states nothing")
	db.Exec(t, fmt.Sprintf(`INSERT INTO schema_versions VALUES (99999, %d)`, before.Program))
	c, err = db.Compatibility(t.Context())
	require.NoError(t, err)
	require.Equal(t, migrations.Compatibility{Schema: 99999, Oldest: before.Program, Program: before.Program}, c)

	applied, err := db.Up(t.Context())
	require.NoError(t, err)
	require.Zero(t, applied)
	require.ErrorContains(t, db.Down(t.Context()), "run a newer program")
	list, err := db.Status(t.Context())
	require.NoError(t, err)
	require.Len(t, list, int(before.Program))
	mustCreateUser(t, db, nil)

	db.Exec(t, fmt.Sprintf(`UPDATE schema_versions SET admits = %d WHERE version = 99999`, before.Program+1))
	_, err = db.Up(t.Context())
	require.ErrorContains(t, err, fmt.Sprintf("programs that know version %d or later, but this program only knows version %d", before.Program+1, before.Program))
}

func migrateStatus(t *testing.T, db Database) {
	list, err := db.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, "00001_init.sql", list[0].Name)
	for i, migration := range list {
		require.EqualValues(t, i+1, migration.Version)
		require.WithinDuration(t, time.Now(), migration.AppliedAt, time.Minute)
		require.Equal(t, time.UTC, migration.AppliedAt.Location())
	}
	require.NoError(t, db.Down(t.Context()))
	list, err = db.Status(t.Context())
	require.NoError(t, err)
	require.True(t, list[len(list)-1].AppliedAt.IsZero())
}

// migrateToVersion1 migrates down to version 1 and up again. What version 1 can store must remain.
func migrateToVersion1(t *testing.T, db Database) {
	u, c, k := mustCreateUser(t, db, nil), mustCreateClient(t, db), newKey(1)
	s, clientSession := mustCreateSession(t, db, u, nil), newClientSession()
	require.NoError(t, db.CreateSession(t.Context(), clientSession, noRecord))
	mustAddKey(t, db, k)
	list, err := db.Status(t.Context())
	require.NoError(t, err)
	for range list[1:] {
		require.NoError(t, db.Down(t.Context()))
	}
	_, err = db.Up(t.Context())
	require.NoError(t, err)

	u.DisabledUntil = time.Time{}
	requireUser(t, db, u)
	requireKeys(t, db, k)
	c.SessionIdle, c.SessionMax = 0, 0
	c.TokenAlgorithm, c.TokenKeys, c.Claims = "", oauth.TokenKeys{}, ""
	requireClient(t, db, c)
	s.Counter, s.Repeats, s.RotatedAt = 0, 0, s.CreatedAt
	requireSession(t, db, s)
	_, _, err = db.SessionByID(t.Context(), clientSession.ID)
	require.ErrorIs(t, err, fault.ErrNotFound, "version 1 has no sessions without a user")
}
