package postgres

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// Statements that read or rotate a few sessions keep their plan: to make it takes longer than to execute it.
func TestSessionStatementsKeepTheirPlan(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	openMigrated(t, url)
	s, err := Open(t.Context(), url, Options{MaxConns: 1}) // the plans belong to a connection
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	const times = 20
	for i := range times {
		n := 1 + i%4
		reads, rotations := make([]*sessionRead, n), make([]*rotationCall, n)
		for j := range n {
			reads[j] = &sessionRead{In: uuid.NewString()}
			rotations[j] = &rotationCall{In: oauth.Rotation{FamilyID: []byte{byte(j)}, Now: time.Now()}}
		}
		s.readSessions(reads)
		s.rotateSessions(rotations)
	}
	for name, sql := range map[string]string{"read": sessionsByID, "rotate": rotateSessions} {
		var kept, made int
		err := s.pool.QueryRow(t.Context(), `SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1`, sql).Scan(&kept, &made)
		require.NoError(t, err, name)
		require.Equal(t, times, kept+made, name)
		require.Equal(t, 5, made, "%s: PostgreSQL makes five plans before it decides to keep one", name)
	}
}
