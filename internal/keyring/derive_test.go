package keyring

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDerive(t *testing.T) {
	t.Parallel()
	one := Derive(secretA, "one")
	require.Len(t, one, 32)
	require.Equal(t, one, Derive(secretA, "one"))
	require.NotEqual(t, one, Derive(secretA, "two"))
	require.NotEqual(t, one, Derive(secretB, "one"))
}
