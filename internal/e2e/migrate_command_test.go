package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMigrateUpAndDown(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		status := func() string { return inst.mustRun(t, "migrate", "status") }
		if inst.file() == "" { // without its file, a SQLite database does not exist
			require.Regexp(t, `^VERSION +NAME +APPLIED\n1 +00001_init.sql +no\n`, status())
		}
		require.Regexp(t, `^[1-9][0-9]* migrations applied\n$`, inst.mustRun(t, "migrate", "up"))
		require.NotContains(t, status(), " no\n")
		require.Equal(t, result{stdout: "0 migrations applied\n"}, inst.run(t, "migrate", "up"))

		requireAsks(t, inst, "migrate", "down")
		require.NotContains(t, status(), " no\n", "nothing is rolled back without a confirmation")
		require.Equal(t, result{stdout: "1 migration rolled back\n"}, inst.run(t, "migrate", "down", "--yes"))
		require.Contains(t, status(), " no\n")
		require.Equal(t, result{stdout: "1 migration applied\n"}, inst.run(t, "migrate", "up"))
	})
}

// A database that is being served keeps its tables.
func TestMigrateDownUnderService(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst)
	refused := execute(t, []string{"LATCHKEY_DATA_DIR=" + inst.dir}, "", "migrate", "down", "--yes") // its default is this database
	require.Equal(t, 1, refused.code)
	require.Contains(t, refused.stderr, "in use by another service")
	require.Contains(t, refused.stderr, "stop it first")
	s.stop()
	require.Equal(t, "1 migration rolled back\n", inst.mustRun(t, "migrate", "down", "--yes"))
}

var compatibilityLines = regexp.MustCompile(`this program: version \S+, knows migration (\d+)\nthe schema: migration (\d+), for programs that know migration (\d+) or later\n$`)

// compatibility returns the migration that the program knows, the last one of the schema, and the one that a
// program must know.
func (i installation) compatibility(t *testing.T, r result) (program, schema, oldest int) {
	t.Helper()
	found := compatibilityLines.FindStringSubmatch(r.stdout)
	require.NotNil(t, found, r.stdout)
	var numbers [3]int
	for n := range numbers {
		var err error
		numbers[n], err = strconv.Atoi(found[n+1])
		require.NoError(t, err)
	}
	return numbers[0], numbers[1], numbers[2]
}

// A program runs on a newer schema if the schema admits it, and otherwise says that it does not.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.mustRun(t, "migrate", "up")
		program, schema, oldest := inst.compatibility(t, inst.run(t, "migrate", "status"))
		require.Equal(t, program, schema)
		require.LessOrEqual(t, oldest, schema)

		inst.exec(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
		inst.exec(t, fmt.Sprintf(`INSERT INTO schema_versions VALUES (99999, %d)`, program))
		got := inst.run(t, "migrate", "status")
		require.Zero(t, got.code, got.stderr)
		_, schema, oldest = inst.compatibility(t, got)
		require.Equal(t, []int{99999, program}, []int{schema, oldest})
		s := start(t, inst)
		s.devToken(t, "user")
		require.Equal(t, http.StatusOK, s.get(t, "/readyz?deep=1", "").status)
		require.Contains(t, inst.run(t, "doctor").stdout, "version 99999, which is newer than this program and admits it")
		s.stop()

		inst.exec(t, fmt.Sprintf(`UPDATE schema_versions SET admits = %d WHERE version = 99999`, program+1))
		refusal := fmt.Sprintf("the schema has version 99999, which is for programs that know version %d or later, but this program only knows version %d: run a newer program",
			program+1, program)
		got = inst.run(t, "migrate", "status")
		require.Equal(t, 1, got.code)
		require.Contains(t, got.stderr, refusal)
		inst.compatibility(t, got)
		inst.requireRefused(t, refusal)
	})
}
