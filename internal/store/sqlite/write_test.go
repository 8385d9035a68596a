package sqlite

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// Values of PRAGMA synchronous.
const (
	normal = 1 // a commit does not wait for the disk
	full   = 2
)

// TestOnlyCountsDoNotWait checks which commits wait for the disk, whatever was committed before.
func TestOnlyCountsDoNotWait(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	for _, step := range []struct {
		in   func(context.Context, func(*writeTx) error) error
		want int
	}{{s.inTxAsync, normal}, {s.inTxAsync, normal}, {s.inTxLater, full}, {s.inTxAsync, normal}, {s.inTx, full}, {s.inTx, full}} {
		require.NoError(t, step.in(t.Context(), func(tx *writeTx) error {
			require.Equal(t, step.want, synchronous(t, tx))
			return nil
		}))
	}
}

// synchronous returns the setting of the connection. It is not prepared, which would keep the value.
func synchronous(t *testing.T, tx *writeTx) (value int) {
	t.Helper()
	require.NoError(t, tx.tx.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&value))
	return value
}

// TestBatchWithCountsWaits checks that a batch waits for the disk unless all of it are counts.
func TestBatchWithCountsWaits(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	for _, batch := range []struct {
		sync []bool
		want int
	}{{[]bool{false, false}, normal}, {[]bool{false, true, false}, full}, {[]bool{false}, normal}} {
		var settings []int
		var calls []*writeCall
		for _, sync := range batch.sync {
			calls = append(calls, &writeCall{In: write{sync: sync, do: func(tx *writeTx) error {
				settings = append(settings, synchronous(t, tx))
				return nil
			}}})
		}
		s.writeBatch(calls)
		require.Equal(t, slices.Repeat([]int{batch.want}, len(calls)), settings)
	}
}

// TestChangeWaitsAfterFailure has the setting fail. Whether commits wait for the disk is in doubt then, so the next
// change sets it again.
func TestChangeWaitsAfterFailure(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, s.setSync(ended, false), context.Canceled)
	require.True(t, s.async)
	require.ErrorIs(t, s.setSync(ended, true), context.Canceled)
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
	require.False(t, s.async)
	require.NoError(t, s.inTx(t.Context(), func(tx *writeTx) error {
		require.Equal(t, full, synchronous(t, tx))
		return nil
	}))
}
