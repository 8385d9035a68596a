package oauth

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestCanGive(t *testing.T) {
	t.Parallel()
	who := Principal{Claims: Claims{Scopes: []string{"a", "b"}}}.Authority()
	require.NoError(t, who.CanGive(nil))
	require.NoError(t, who.CanGive([]string{"b", "a"}))
	require.NoError(t, Operator.CanGive([]string{"c"}))
	require.ErrorIs(t, Authority{}.CanGive([]string{"a"}), fault.Errorf(fault.InsufficientScope, ""))
	require.ErrorContains(t, who.CanGive([]string{"d", "a", "c", "d"}), "lacks: c d; get a token", "each missing scope once")
}

// TestCanGiveOfManyScopes checks that the text, which becomes a header, does not grow with the scopes.
func TestCanGiveOfManyScopes(t *testing.T) {
	t.Parallel()
	scopes := make([]string, 100)
	for i := range scopes {
		scopes[i] = fmt.Sprintf("%0100d", i)
	}
	err := Authority{}.CanGive(scopes)
	require.ErrorContains(t, err, scopes[0]+" "+scopes[1]+" ... (98 more); get a token")
	require.NotContains(t, err.Error(), scopes[2])
	require.ErrorContains(t, Authority{}.CanGive([]string{fmt.Sprintf("%0300d", 0)}), "lacks: ... (1 more); get")
}
