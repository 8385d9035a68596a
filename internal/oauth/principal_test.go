package oauth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestName(t *testing.T) {
	t.Parallel()
	who := Principal{Claims: Claims{ClientID: "web"}}
	require.Equal(t, "web", who.Name(), "a client that acts for itself")
	who.User.ID, who.User.Username = "ann-id", "Ann"
	require.Equal(t, "Ann", who.Name())
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	who := Principal{Claims: Claims{Scopes: []string{"a", "b"}, Roles: []string{"R1", "R2"}}}
	require.NoError(t, who.Authorize(nil, nil))
	require.NoError(t, who.Authorize([]string{"b", "a"}, []string{"R0", "R2"}))
	require.ErrorIs(t, who.Authorize(nil, []string{"R0"}), fault.Errorf(fault.InsufficientScope, ""))
	var refused *fault.Error
	require.ErrorAs(t, who.Authorize([]string{"a", "c"}, []string{"R1"}), &refused)
	require.Equal(t, "a c", refused.Scope)
}
