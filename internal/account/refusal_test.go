package account_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

const ms = time.Millisecond

// newTimedFixture returns a fixture whose clock runs. Call it in a bubble of synctest.
func newTimedFixture(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	var err error
	f.Service, err = account.New(f.directory(t, func(o *account.DirectoryOptions) { o.Now = time.Now }), account.Options{Limits: f.limits, Signup: true})
	require.NoError(t, err)
	return f
}

// Refusals that cost almost nothing take 35 to 44 ms, and leave together every 9 ms.
func TestRefusalsPause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ begun, want time.Duration }{ // since midnight, a tick; the names tell when the pause ends
		"just after a tick":  {1*ms + 1, 45 * ms},
		"between two ticks":  {5 * ms, 45 * ms},
		"just before a tick": {10*ms - 1, 45 * ms},
		"at a tick":          {10 * ms, 54 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newTimedFixture(t)
				f.hasher.full = true
				midnight := time.Now()
				time.Sleep(c.begun)
				_, err := f.SignIn(t.Context(), "ann", account.Attempt{Password: rightPassword, Address: caller})
				requireFault(t, err, fault.Unavailable, "")
				require.Equal(t, c.want, time.Since(midnight))
			})
		})
	}
}

// A refusal takes the same time for a known user and an unknown one, and for a sign-up.
func TestRefusalTakesItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTimedFixture(t)
		ann := f.addUser(t, "Ann")
		f.limits.wait["CountLogin"], f.limits.wait["CountSignup"] = time.Minute, time.Minute
		for name, try := range map[string]func() error{
			"known": func() error {
				_, err := f.SignIn(t.Context(), "ann", account.Attempt{Password: "wrong"})
				return err
			},
			"unknown": func() error {
				_, err := f.SignIn(t.Context(), "bob", account.Attempt{Password: "wrong"})
				return err
			},
			"confirmation": func() error { return f.Confirm(t.Context(), ann, account.Attempt{Password: "wrong"}) },
			"sign-up":      func() error { _, err := f.SignUp(t.Context(), newBob(), caller); return err },
		} {
			begun := time.Now()
			requireFault(t, try(), fault.TooManyRequests, "")
			require.GreaterOrEqual(t, time.Since(begun), 35*ms, name)
			require.LessOrEqual(t, time.Since(begun), 44*ms, name)
		}
	})
}

// Of many callers who are refused at once, 1,000 a second and processor are sent their refusals, and those whose turn
// would come after more than a second are sent them then.
func TestRefusalsAreSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTimedFixture(t)
		f.hasher.full = true
		processors, begun := runtime.GOMAXPROCS(0), time.Now()
		took := make([]time.Duration, 1000*processors)
		var group sync.WaitGroup
		for i := range took {
			group.Go(func() {
				_, _ = f.SignIn(t.Context(), "ann", account.Attempt{Password: rightPassword, Address: caller})
				took[i] = time.Since(begun)
			})
		}
		group.Wait()
		slices.Sort(took)
		for i, got := range took {
			turn := min(35*ms+time.Duration(i)*ms/time.Duration(processors), time.Second)
			require.GreaterOrEqual(t, got, turn, "refusal %d", i)
			require.LessOrEqual(t, got, turn+9*ms, "refusal %d", i)
		}
		begun = time.Now()
		time.Sleep(time.Second)
		_, _ = f.SignIn(t.Context(), "ann", account.Attempt{Password: rightPassword, Address: caller})
		require.LessOrEqual(t, time.Since(begun), time.Second+44*ms, "after a calm second")
	})
}

// A caller whose rate limit is used up does not keep those waiting whose passwords can be verified.
func TestRefusalsLeaveTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTimedFixture(t)
		f.limits.wait["CountLogin"] = time.Minute
		go func() { _, _ = f.SignIn(t.Context(), "ann", account.Attempt{Password: rightPassword, Address: caller}) }()
		synctest.Wait() // until the refusal pauses
		require.Equal(t, []string{"count 192.0.2.1 ann"}, f.calls)
		require.Zero(t, f.hasher.places.Load(), "places taken")
	})
}
