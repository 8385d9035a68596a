//go:build unix

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFailoverIsNeededByItsTag(t *testing.T) {
	t.Parallel()
	m := &fakeMachine{programs: []string{"/usr/lib/postgresql/15/bin/initdb", "/usr/lib/postgresql/15/bin/postgres"}}
	require.False(t, m.host().needsFailover([]string{"go", "test", "./..."}))
	require.True(t, m.host().needsFailover([]string{"go", "test", "-tags=failover", "./..."}))

	found, err := postgresSearch{host: m.host()}.programs().find(t.Context(), m.host().log)
	require.NoError(t, err)
	require.Equal(t, "/usr/lib/postgresql/15/bin", found.value)
	m.env = map[string]string{"POSTGRES_BIN": "/opt/postgres"}
	found, err = postgresSearch{host: m.host()}.programs().find(t.Context(), m.host().log)
	require.NoError(t, err)
	require.Equal(t, "/opt/postgres", found.value)
	_, err = postgresSearch{host: (&fakeMachine{}).host()}.programs().find(t.Context(), m.host().log)
	require.ErrorContains(t, err, "POSTGRES_BIN=/path/to/bin make failover")
}
