package hashprocess_test

import (
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/hashprocess"
	"github.com/latchkey-auth/latchkey/internal/password"
)

// A hasher computes in such processes. Started by this test, they are this program.
func TestCommand(t *testing.T) {
	t.Parallel()
	h, started := newHasher(t)
	hash, err := h.Hash(t.Context(), "right")
	require.NoError(t, err)
	for text, want := range map[string]bool{"right": true, "wrong": false} {
		ok, _, err := h.Verify(t.Context(), hash, text)
		require.NoError(t, err)
		require.Equal(t, want, ok, text)
	}
	require.NotNil(t, started.Load().Process, "a process has started")
	require.Nil(t, started.Load().ProcessState, "and still runs")
}

// newHasher returns a hasher that computes in such processes, and the one that has started last.
func newHasher(t *testing.T) (*password.Hasher, *atomic.Pointer[exec.Cmd]) {
	t.Helper()
	var started atomic.Pointer[exec.Cmd]
	h, err := password.New(password.Options{Process: func() *exec.Cmd {
		started.Store(hashprocess.Command())
		return started.Load()
	}})
	require.NoError(t, err)
	t.Cleanup(h.Close)
	return h, &started
}
