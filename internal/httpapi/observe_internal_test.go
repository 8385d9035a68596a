package httpapi

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestUnavailableCause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"hash queue":   {fault.ErrUnavailable.Wrap(fault.ErrNoHashSlot).After(1), causeHashes},
		"hash process": {fault.ErrUnavailable.Wrap(fmt.Errorf("%w: killed", fault.ErrHashProcess)), causeProcess},
		"draining":     {errDraining, causeDraining},
		"not ready":    {&notReadyError{[]string{"disk"}}, causeUnready},
		"caller left":  {fmt.Errorf("read: %w", context.Canceled), causeCanceled},
		"driver error": {fmt.Errorf("read: %w", fault.ErrUnavailable.Wrap(errors.New("connection refused"))), causeDatabase},
		"too late":     {context.DeadlineExceeded, causeDatabase},
		"unexplained":  {fault.ErrUnavailable, causeOther},
		"none":         {nil, causeOther},
	} {
		require.Equal(t, c.want, unavailableCause(c.err), name)
		require.Contains(t, UnavailableCauses, c.want)
	}
}
