package oauth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Using a session never extends it past its absolute end.
func TestExtend(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		left, idle, want time.Duration // after now
	}{
		"long before the end": {left: time.Hour, idle: time.Minute, want: time.Minute},
		"exactly to the end":  {left: time.Minute, idle: time.Minute, want: time.Minute},
		"near the end":        {left: time.Second, idle: time.Minute, want: time.Second},
	} {
		s := Session{AbsoluteUntil: now.Add(c.left), IdleUntil: now.Add(-time.Second)}
		s.extend(now.Add(c.idle))
		require.Equal(t, now.Add(c.want), s.IdleUntil, name)
		require.Equal(t, s.IdleUntil, s.Expires(), name)
	}
}
