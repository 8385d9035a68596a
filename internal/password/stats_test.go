package password_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/password"
)

func TestStats(t *testing.T) {
	t.Parallel()
	h, err := password.New(password.Options{Slots: 2, Queue: 7})
	require.NoError(t, err)
	require.Equal(t, password.Stats{Slots: 2, Capacity: 7}, h.Stats())
	_, err = h.Hash(t.Context(), "a password")
	require.NoError(t, err)
	require.Equal(t, password.Stats{Slots: 2, Capacity: 7, Started: 1}, h.Stats())
}
