package account

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, NewID())
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before := NewOrderedID(at)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, before)
	require.NotEqual(t, before, NewOrderedID(at))
	require.Less(t, before, NewOrderedID(at.Add(time.Millisecond)))
}
