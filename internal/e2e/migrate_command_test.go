package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMigrateUpAndDown(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		status := func() string { return inst.mustRun(t, "migrate", "status") }
		require.Regexp(t, `^VERSION +NAME +APPLIED\n1 +00001_init.sql +no\n`, status())
		require.Regexp(t, `^[1-9][0-9]* migrations applied\n$`, inst.mustRun(t, "migrate", "up"))
		require.NotContains(t, status(), " no\n")
		require.Equal(t, result{stdout: "0 migrations applied\n"}, inst.run(t, "migrate", "up"))

		require.Equal(t, result{stdout: "1 migration rolled back\n"}, inst.run(t, "migrate", "down"))
		require.Contains(t, status(), " no\n")
		require.Equal(t, result{stdout: "1 migration applied\n"}, inst.run(t, "migrate", "up"))
	})
}
