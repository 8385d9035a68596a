package throttle

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// RefundAndRemember implements Store.
func (m *memoryStore) RefundAndRemember(ctx context.Context, now time.Time, refunds []Refund, n KnownNetwork, keep int) error {
	if err := m.Refund(ctx, now, refunds); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remembered++
	m.networks[string(n.MAC)] = n
	var owned []KnownNetwork
	for _, other := range m.networks {
		if bytes.Equal(other.Owner, n.Owner) {
			owned = append(owned, other)
		}
	}
	slices.SortFunc(owned, func(a, b KnownNetwork) int { return b.ExpiresAt.Compare(a.ExpiresAt) })
	for _, surplus := range owned[min(keep, len(owned)):] {
		delete(m.networks, string(surplus.MAC))
	}
	return nil
}

// PurgeNetworks implements Store.
func (*memoryStore) PurgeNetworks(context.Context, time.Time, int) (int, error) { return 0, nil }

// visitor is a caller who logs in as a user.
type visitor struct {
	limiter       *Limiter
	address, user string
	epoch         int64
	hint          string
}

// try makes an attempt and reports whether it was allowed.
func (v visitor) try(t *testing.T, password string) bool {
	t.Helper()
	counter, wait, err := v.limiter.CountLogin(t.Context(), v.address, v.user, v.epoch, v.hint, password)
	require.NoError(t, err)
	if wait > 0 {
		return false
	}
	if password == "right" {
		require.NoError(t, v.limiter.LoginSucceeded(t.Context(), v.address, counter))
	} else {
		v.limiter.LoginFailed(counter, password)
	}
	return true
}

// wrong makes n attempts with different wrong passwords and returns how many were allowed.
func (v visitor) wrong(t *testing.T, n int) (allowed int) {
	t.Helper()
	for i := range n {
		if v.try(t, fmt.Sprintf("%s-%d", v.address, i)) {
			allowed++
		}
	}
	return allowed
}

// TestAttackerDoesNotLockOutOwner has an attacker fail for a day, from a thousand addresses and from the
// owner's own network. The owner signs in a hundred times from a known network and from a browser.
func TestAttackerDoesNotLockOutOwner(t *testing.T) {
	t.Parallel()
	l, _, clock := newLimiter()
	home := visitor{limiter: l, address: "198.51.100.7", user: "alice", epoch: 3}
	browser := home
	browser.address, browser.hint = "192.0.2.99", l.DeviceHint("alice", 3, time.Hour*48)
	require.True(t, home.try(t, "right"), "makes the network known")

	allowed, inside, signedIn := map[string]int{}, 0, 0
	for minute := range 24 * 60 {
		clock.now = clock.now.Add(time.Minute)
		for i := range 10 {
			n := minute*10 + i
			for _, user := range []string{"alice", "nobody"} {
				stranger := visitor{limiter: l, address: fmt.Sprintf("203.0.%d.%d", n/250%4, n%250), user: user}
				if stranger.try(t, fmt.Sprint("guess ", n)) {
					allowed[user]++
				}
			}
		}
		// One attacker is in the network of the browser, which is not known for the user.
		if (visitor{limiter: l, address: browser.address, user: "alice"}).try(t, fmt.Sprint("inside ", minute)) {
			inside++
		}
		if minute%15 == 14 || minute < 4 { // a hundred times
			require.True(t, home.try(t, "right"), "from the known network, minute %d", minute)
			require.True(t, browser.try(t, "right"), "from the browser, minute %d", minute)
			signedIn++
		}
	}
	require.Equal(t, 100, signedIn)
	require.LessOrEqual(t, allowed["alice"]+inside, 106)
	require.Equal(t, allowed["nobody"], allowed["alice"]+inside, "unknown users have the same limit")
}

// Whoever shares a known network has only the limit of that network, and the owner's browser a third one.
func TestLimitsApart(t *testing.T) {
	t.Parallel()
	l, _, clock := newLimiter()
	home := visitor{limiter: l, address: "2001:db8::1", user: "alice", epoch: 1}
	browser := home
	browser.hint = l.DeviceHint("alice", 1, 90*24*time.Hour)
	require.True(t, home.try(t, "right"))
	require.Equal(t, 10, visitor{limiter: l, address: "2001:db8::ffff", user: "alice"}.wrong(t, 15), "in the known network")
	require.False(t, home.try(t, "right"), "the network is shared")
	require.Equal(t, 10, visitor{limiter: l, address: "203.0.113.1", user: "alice"}.wrong(t, 15), "strangers")
	for range 50 {
		require.True(t, browser.try(t, "right"), "the browser is not")
	}
	require.Equal(t, 10, browser.wrong(t, 15))
	clock.now = clock.now.Add(time.Minute)
	require.True(t, browser.try(t, "right"), "one more every minute")
	require.Equal(t, 10, browser.wrong(t, 15), "the right password resets the limit of the browser")
}

// Sent twice, a wrong password counts once, whoever sends it.
func TestRepeatedPassword(t *testing.T) {
	t.Parallel()
	l, _, clock := newLimiter()
	for name, v := range map[string]visitor{
		"stranger":      {address: "203.0.113.1", user: "bob"},
		"known network": {address: "198.51.100.7", user: "alice"},
		"browser":       {address: "203.0.113.2", user: "carol", hint: l.DeviceHint("carol", 0, 90*24*time.Hour)},
	} {
		v.limiter = l
		if name == "known network" {
			require.True(t, v.try(t, "right"))
			clock.now = clock.now.Add(renewAfter) // from now on the network is to be remembered again
		}
		for i := range 10 {
			for range 2 {
				require.True(t, v.try(t, fmt.Sprint("wrong ", i)), "%s, attempt %d", name, i)
			}
		}
		require.False(t, v.try(t, "another"), name)
	}
}

// Whoever sends each wrong password again and goes away before it is verified gets nothing back for it.
func TestAbandonedRepeats(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]visitor{
		"stranger":      {user: "bob"},
		"known network": {user: "alice"},
		"browser":       {user: "carol"},
	} {
		l, _, clock := newLimiter()
		v.limiter, v.address = l, "203.0.113.1"
		switch name {
		case "known network":
			require.True(t, v.try(t, "right"))
		case "browser":
			v.hint = l.DeviceHint(v.user, 0, 90*24*time.Hour)
		}
		verified := 0
		for i := range 15 {
			clock.now = clock.now.Add(repeatWithin) // for the limit of the address
			password := fmt.Sprint("guess ", i)
			if !v.try(t, password) {
				break
			}
			verified++
			counter, wait, err := l.CountLogin(t.Context(), v.address, v.user, v.epoch, v.hint, password)
			require.NoError(t, err)
			require.Zero(t, wait)
			require.NoError(t, l.RefundLogin(t.Context(), v.address, counter))
		}
		require.LessOrEqual(t, verified, 12, name)
	}
}

// Attempts that are refused for their address do not use up the limit of a user.
func TestRefusedForTheAddress(t *testing.T) {
	t.Parallel()
	l, _, _ := newLimiter()
	home := visitor{limiter: l, address: "198.51.100.7", user: "alice"}
	require.True(t, home.try(t, "right"))
	for i := range loginAddress.Burst {
		require.True(t, visitor{limiter: l, address: home.address, user: fmt.Sprint("nobody ", i)}.try(t, "x"))
	}
	for range 30 {
		require.False(t, home.try(t, "right"))
		require.False(t, visitor{limiter: l, address: home.address, user: "bob"}.try(t, "x"))
	}
	require.True(t, visitor{limiter: l, address: "203.0.113.1", user: "bob"}.try(t, "right"))
	spent, err := l.store.Spend(t.Context(), l.now(), Charges{First: l.charge(l.now(), attempt{loginNetwork, "alice\x00198.51.100.7"})})
	require.NoError(t, err)
	require.Nil(t, spent.Refused)
}

func TestStrangersAreNotReset(t *testing.T) {
	t.Parallel()
	l, _, _ := newLimiter()
	require.Equal(t, 9, visitor{limiter: l, address: "203.0.113.1", user: "alice"}.wrong(t, 9))
	require.True(t, visitor{limiter: l, address: "198.51.100.7", user: "alice"}.try(t, "right"))
	require.Equal(t, 1, visitor{limiter: l, address: "203.0.113.2", user: "alice"}.wrong(t, 9))
}

func TestKnownNetworkExpires(t *testing.T) {
	t.Parallel()
	l, store, clock := newLimiter()
	home := visitor{limiter: l, address: "198.51.100.7", user: "alice"}
	locked := func() bool {
		visitor{limiter: l, address: "203.0.113.1", user: "alice"}.wrong(t, 15)
		return !home.try(t, "wrong")
	}
	require.True(t, home.try(t, "right"))
	require.False(t, locked())
	clock.now = clock.now.Add(networkLifetime)
	require.True(t, locked(), "after 30 days")

	clock.now = clock.now.Add(time.Hour)
	store.remembered = 0
	for range 48 { // one day
		require.True(t, home.try(t, "right"))
		clock.now = clock.now.Add(time.Hour / 2)
	}
	require.Equal(t, 24, store.remembered, "a sign-in extends it at most once an hour")
	clock.now = clock.now.Add(networkLifetime - 2*time.Hour)
	require.False(t, locked())
}

func TestLatestNetworksAreKnown(t *testing.T) {
	t.Parallel()
	l, store, clock := newLimiter()
	for i := range maxNetworks + 5 {
		clock.now = clock.now.Add(time.Minute)
		require.True(t, visitor{limiter: l, address: fmt.Sprintf("198.51.100.%d", i), user: "alice"}.try(t, "right"))
	}
	require.Len(t, store.networks, maxNetworks)
	visitor{limiter: l, address: "203.0.113.1", user: "alice"}.wrong(t, 15)
	require.False(t, visitor{limiter: l, address: "198.51.100.0", user: "alice"}.try(t, "right"), "the oldest is forgotten")
	require.True(t, visitor{limiter: l, address: "198.51.100.5", user: "alice"}.try(t, "right"))
}

func TestDeviceHint(t *testing.T) {
	t.Parallel()
	l, store, clock := newLimiter()
	hint := l.DeviceHint("alice", 3, time.Hour)
	flipped := []byte(hint)
	flipped[5] ^= 1
	for name, c := range map[string]struct {
		hint, user string
		epoch      int64
		after      time.Duration
		keys       []string
		valid      bool
	}{
		"valid":               {hint: hint, user: "alice", epoch: 3, valid: true},
		"of another user":     {hint: hint, user: "bob", epoch: 3},
		"of an old password":  {hint: hint, user: "alice", epoch: 4},
		"just before the end": {hint: hint, user: "alice", epoch: 3, after: time.Hour - 1, valid: true},
		"expired":             {hint: hint, user: "alice", epoch: 3, after: time.Hour},
		"changed":             {hint: string(flipped), user: "alice", epoch: 3},
		"cut off":             {hint: hint[:len(hint)-1], user: "alice", epoch: 3},
		"padded":              {hint: hint + "=", user: "alice", epoch: 3},
		"none":                {user: "alice", epoch: 3},
		"not base64":          {hint: "%%%", user: "alice", epoch: 3},
		"after a new secret":  {hint: hint, user: "alice", epoch: 3, keys: []string{"new", "key"}, valid: true},
		"with another secret": {hint: hint, user: "alice", epoch: 3, keys: []string{"new"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := l
			if c.keys != nil {
				l = New(store, [][]byte{[]byte(c.keys[0]), []byte(c.keys[len(c.keys)-1])}, l.now)
			}
			_, valid := l.openHint(c.hint, c.user, c.epoch, clock.now.Add(c.after))
			require.Equal(t, c.valid, valid)
		})
	}
	require.NotContains(t, hint, "alice")
	require.NotEqual(t, hint, l.DeviceHint("alice", 3, time.Hour), "each browser has a limit of its own")
}
