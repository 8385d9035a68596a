package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/throttle"
)

var knownNetworkTests = tests[Database]{
	"known until":        networkKnownUntil,
	"what is counted":    networkCharges,
	"refused":            networkRefused,
	"counted at once":    networkCountedAtOnce,
	"never shortened":    networkNeverShortened,
	"latest of an owner": networkLatestOfOwner,
	"at once":            networkAtOnce,
	"purge":              networkPurge,
	"attack for a day":   networkAttack,
}

func newNetwork(owner []byte, expires time.Time) throttle.KnownNetwork {
	return throttle.KnownNetwork{MAC: randomBytes(32), Owner: owner, ExpiresAt: expires}
}

func mustRemember(t *testing.T, db Database, n throttle.KnownNetwork) throttle.KnownNetwork {
	t.Helper()
	require.NoError(t, db.RefundAndRemember(t.Context(), noon, nil, n, 20))
	return n
}

// requireKnown requires that one of the networks is known until a time; the zero time: none is.
func requireKnown(t *testing.T, db Database, until, now time.Time, macs ...[]byte) {
	t.Helper()
	require.Equal(t, throttle.Spent{KnownUntil: until}, mustSpend(t, db, now, throttle.Charges{Networks: macs}))
}

func networkKnownUntil(t *testing.T, db Database) {
	owner := randomBytes(32)
	early := mustRemember(t, db, newNetwork(owner, noon.Add(time.Hour)))
	late := mustRemember(t, db, newNetwork(owner, noon.Add(2*time.Hour)))
	requireKnown(t, db, early.ExpiresAt, noon, early.MAC)
	requireKnown(t, db, late.ExpiresAt, noon, early.MAC, late.MAC)
	requireKnown(t, db, early.ExpiresAt, noon, randomBytes(32), early.MAC)
	requireKnown(t, db, time.Time{}, noon, randomBytes(32))
	requireKnown(t, db, time.Time{}, early.ExpiresAt, early.MAC)
}

// networkCharges checks what is counted, by how many attempts remain.
func networkCharges(t *testing.T, db Database) {
	known := mustRemember(t, db, newNetwork(randomBytes(32), noon.Add(time.Hour)))
	for name, c := range map[string]struct {
		mac   []byte
		after time.Duration
		skip  bool // the charge that is due has no key
		known bool
	}{
		"known":            {mac: known.MAC, known: true},
		"known, skipped":   {mac: known.MAC, known: true, skip: true},
		"expired":          {mac: known.MAC, after: time.Hour},
		"unknown":          {mac: randomBytes(32)},
		"unknown, skipped": {mac: randomBytes(32), skip: true},
	} {
		now := noon.Add(c.after)
		n := newNetworkCharges(c.mac, now)
		due, other := &n.Second, n.Known
		if c.known {
			due, other = &n.Known, n.Second
		}
		dueKey := due.Key
		if c.skip {
			due.Key = nil
		}
		for range 3 {
			spent := mustSpend(t, db, now, n)
			require.Nil(t, spent.Refused, name)
			require.Equal(t, c.known, !spent.KnownUntil.IsZero(), name)
		}
		require.Equal(t, 7, countAllowed(t, db, n.First.Key, now), name)
		require.Equal(t, 10, countAllowed(t, db, other.Key, now), name)
		want := 7
		if c.skip {
			want = 10
		}
		require.Equal(t, want, countAllowed(t, db, dueKey, now), name)
	}
}

// newNetworkCharges returns charges under rateLimit, each with a key of its own.
func newNetworkCharges(mac []byte, now time.Time) throttle.Charges {
	return throttle.Charges{
		First:    newCharge(randomBytes(32), now),
		Second:   newCharge(randomBytes(32), now),
		Known:    newCharge(randomBytes(32), now),
		Networks: [][]byte{mac},
	}
}

// networkRefused checks that the network is known of an attempt that is refused.
func networkRefused(t *testing.T, db Database) {
	known := mustRemember(t, db, newNetwork(randomBytes(32), noon.Add(time.Hour)))
	n := newNetworkCharges(known.MAC, noon)
	require.Equal(t, 10, countAllowed(t, db, n.Known.Key, noon))
	want := refusedAt(n.Known.Key, noon.Add(10*time.Minute))
	want.KnownUntil = known.ExpiresAt
	require.Equal(t, want, mustSpend(t, db, noon, n))
	n.First.Key = nil
	require.Equal(t, want, mustSpend(t, db, noon, n))
}

func networkCountedAtOnce(t *testing.T, db Database) {
	known := mustRemember(t, db, newNetwork(randomBytes(32), noon.Add(time.Hour)))
	n := newNetworkCharges(known.MAC, noon)
	n.First.Key = nil
	requireBurst(t, db, 100, n)
}

func networkNeverShortened(t *testing.T, db Database) {
	n := mustRemember(t, db, newNetwork(randomBytes(32), noon.Add(2*time.Hour)))
	for _, c := range []struct{ expires, want time.Duration }{{time.Hour, 2 * time.Hour}, {3 * time.Hour, 3 * time.Hour}} {
		n.ExpiresAt = noon.Add(c.expires)
		mustRemember(t, db, n)
		requireKnown(t, db, noon.Add(c.want), noon, n.MAC)
	}
}

func networkLatestOfOwner(t *testing.T, db Database) {
	owner := randomBytes(32)
	other := mustRemember(t, db, newNetwork(randomBytes(32), noon.Add(time.Minute)))
	var all []throttle.KnownNetwork
	for i := range 5 {
		n := newNetwork(owner, noon.Add(time.Duration(5+i)*time.Minute))
		require.NoError(t, db.RefundAndRemember(t.Context(), noon, nil, n, 3))
		all = append(all, n)
	}
	for i, n := range all {
		want := n.ExpiresAt
		if i < 2 {
			want = time.Time{}
		}
		requireKnown(t, db, want, noon, n.MAC)
	}
	requireKnown(t, db, other.ExpiresAt, noon, other.MAC)
}

func networkAtOnce(t *testing.T, db Database) {
	owner, key := randomBytes(32), randomBytes(32)
	mustSpendOne(t, db, noon, newCharge(key, noon))
	errs := inParallel(40, func(i int) error {
		refunds := []throttle.Refund{{Key: key, Amount: 1}}
		return db.RefundAndRemember(t.Context(), noon, refunds, newNetwork(owner, noon.Add(time.Duration(i)*time.Minute)), 3)
	})
	require.NoError(t, errors.Join(errs...))
}

func networkPurge(t *testing.T, db Database) {
	for range 7 {
		mustRemember(t, db, newNetwork(randomBytes(32), noon))
	}
	kept := mustRemember(t, db, newNetwork(randomBytes(32), noon.Add(time.Second)))
	requireBatches(t, func(limit int) (int, error) { return db.PurgeNetworks(t.Context(), noon.Add(time.Second), limit) })
	requireKnown(t, db, kept.ExpiresAt, noon, kept.MAC)
}

// networkAttack has strangers fail for a day, from a thousand addresses, with a limiter on the store. The
// user signs in a hundred times of a hundred, from a known network and from a browser in turn.
func networkAttack(t *testing.T, db Database) {
	now := noon
	l := throttle.New(db, [][]byte{randomBytes(32)}, func() time.Time { return now })
	browser := l.DeviceHint("alice", 1, 48*time.Hour)
	login := func(address, hint, password string) bool {
		counter, wait, err := l.CountLogin(t.Context(), address, "alice", 1, hint, password)
		require.NoError(t, err)
		if wait == 0 && password == "right" {
			require.NoError(t, l.LoginSucceeded(t.Context(), address, counter))
		}
		return wait == 0
	}
	require.True(t, login("198.51.100.7", "", "right"))
	checked := 0
	for i := range 1000 {
		now = now.Add(24 * time.Hour / 1000)
		if login(fmt.Sprintf("203.0.%d.%d", i/250, i%250), "", fmt.Sprint("guess ", i)) {
			checked++
		}
		switch i % 20 {
		case 9:
			require.True(t, login("198.51.100.7", "", "right"), "from the known network, attempt %d", i)
		case 19:
			require.True(t, login(fmt.Sprintf("192.0.2.%d", i%200), browser, "right"), "from the browser, attempt %d", i)
		}
	}
	require.LessOrEqual(t, checked, 106)
	require.Greater(t, checked, 90)
}
