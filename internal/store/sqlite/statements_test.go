package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A text that waits for a connection to be prepared holds up no other one.
func TestPreparedStatementsDoNotWait(t *testing.T) {
	t.Parallel()
	s := newStatements(onePool(t))
	known, err := s.prepare(t.Context(), "SELECT 1")
	require.NoError(t, err)
	taken, err := s.db.Conn(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.prepare(ctx, "SELECT 2") //nolint:sqlclosecheck // closed with the pool
		failed <- err
	}()
	require.Eventually(t, func() bool { return s.db.Stats().WaitCount > 0 }, time.Minute, time.Millisecond)
	found := make(chan *sql.Stmt, 1)
	go func() { found <- s.find("SELECT 1") }()
	select {
	case stmt := <-found:
		require.Same(t, known, stmt)
	case <-time.After(time.Minute):
		require.Fail(t, "a known statement waits for the other one")
	}
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	require.NoError(t, taken.Close())
}

// The number of statements is bounded, and a text that cannot be prepared is not tried again and again.
func TestPreparedStatementsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStatements(onePool(t))
	s.want("no SQL")
	s.prepareWanted(t.Context())
	require.Empty(t, s.wanted)
	for i := range maxStatements + 2 {
		stmt, err := s.prepare(t.Context(), fmt.Sprintf("SELECT %d", i)) //nolint:sqlclosecheck // closed with the pool
		require.NoError(t, err)
		require.Equal(t, i < maxStatements, stmt != nil)
	}
	require.Len(t, s.known, maxStatements)
}

// onePool returns a pool of one connection.
func onePool(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	db.SetMaxOpenConns(1)
	return db
}
