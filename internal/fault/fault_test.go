package fault_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestErrorsAreValues(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	base := fault.Errorf(fault.NotFound, "text")
	changed := base.At("/x").After(3).Wrap(cause)
	require.Equal(t, fault.Errorf(fault.NotFound, "text"), base, "shared errors never change")
	require.ErrorIs(t, changed, cause)
	require.ErrorIs(t, changed, fault.ErrNotFound, "errors with the same code are equal")
	require.NotErrorIs(t, changed, fault.ErrUnavailable)
	require.Equal(t, "/x", changed.Pointer)
}
