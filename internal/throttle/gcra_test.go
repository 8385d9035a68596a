package throttle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSpend(t *testing.T) {
	t.Parallel()
	policy := Policy{Burst: 3, Every: time.Minute}
	for name, c := range map[string]struct {
		tat  time.Duration // after start; 0: never seen
		next time.Duration
		wait time.Duration
	}{
		"never seen":             {next: time.Minute},
		"state in the past":      {tat: -time.Hour, next: time.Minute},
		"one attempt used":       {tat: time.Minute, next: 2 * time.Minute},
		"the last attempt":       {tat: 2 * time.Minute, next: 3 * time.Minute},
		"a nanosecond too early": {tat: 2*time.Minute + 1, wait: 1},
		"no attempt left":        {tat: 3 * time.Minute, wait: time.Minute},
		"half the wait is over":  {tat: 2*time.Minute + 30*time.Second, wait: 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := State{}
			if c.tat != 0 {
				state.TAT = start.Add(c.tat)
			}
			next, wait := policy.Spend(start, state)
			require.Equal(t, c.wait, wait)
			if wait > 0 {
				require.Equal(t, state, next, "a refused attempt is not counted")
				return
			}
			require.Equal(t, start.Add(c.next), next.TAT)
		})
	}
}

// For any sequence of attempts, no more are allowed than the burst and what has come back since, and an
// attempt after the returned wait is allowed.
func TestSpendProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		policy := Policy{Burst: rapid.IntRange(1, 20).Draw(t, "burst"), Every: time.Duration(rapid.IntRange(1, 1000).Draw(t, "every")) * time.Millisecond}
		now, state, allowed := start, State{}, 0
		for _, pause := range rapid.SliceOfN(rapid.IntRange(0, 1500), 1, 200).Draw(t, "pauses") {
			now = now.Add(time.Duration(pause) * time.Millisecond)
			next, wait := policy.Spend(now, state)
			if wait > 0 {
				_, after := policy.Spend(now.Add(wait), state)
				_, before := policy.Spend(now.Add(wait-1), state)
				if after != 0 || before == 0 {
					t.Fatalf("wait after %v is %v, want 0; a nanosecond earlier it is %v, want more", wait, after, before)
				}
				continue
			}
			allowed++
			state = next
			if most := policy.Burst + int(now.Sub(start)/policy.Every); allowed > most {
				t.Fatalf("%d attempts allowed, want at most %d", allowed, most)
			}
		}
	})
}
