package keyring

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The action on each key and the start of the next one depend only on the rows and the time.
func TestSchedule(t *testing.T) {
	t.Parallel()
	s := scheduleOf(withDefaults(Options{}))
	private := ed25519.NewKeyFromSeed(secretA)
	row := func(from time.Time) *key {
		return &key{row: SigningKey{SignsFrom: from}, private: private, current: true}
	}
	erased := row(epoch)
	erased.private = nil
	stale := row(epoch)
	stale.current = false
	const day = 24 * time.Hour
	due, second := epoch.Add(29*day), epoch.Add(30*day)
	for _, c := range []struct {
		name   string
		keys   timeline
		now    time.Time
		from   time.Time // start of the next key; zero: none is due
		action action    // on the first key
		state  State     // of the first key
	}{
		{name: "no key", now: epoch, from: epoch.Add(-time.Minute)},
		{name: "the key signs", keys: timeline{row(epoch)}, now: epoch, state: Signing},
		{name: "a second before the next key is due", keys: timeline{row(epoch)}, now: due.Add(-time.Second), state: Signing},
		{name: "the next key is due", keys: timeline{row(epoch)}, now: due, from: second, state: Signing},
		{name: "the next key is overdue", keys: timeline{row(epoch)}, now: epoch.Add(90 * day), from: epoch.Add(91 * day), state: Signing},
		{name: "sealed with another secret", keys: timeline{stale}, now: epoch, action: reseal, state: Signing},
		{name: "pending", keys: timeline{row(second), row(epoch.Add(60 * day))}, now: due, state: Pending},
		{name: "the next key exists", keys: timeline{row(epoch), row(second)}, now: due, state: Signing},
		{name: "the key retires", keys: timeline{row(epoch), row(second)}, now: second, state: Retired},
		{name: "a replica with a slow clock may still sign", keys: timeline{row(epoch), row(second)}, now: second.Add(119 * time.Second), state: Retired},
		{name: "no replica needs the private key", keys: timeline{row(epoch), row(second)}, now: second.Add(2 * time.Minute), action: erasePrivate, state: Retired},
		{name: "the private key is erased", keys: timeline{erased, row(second)}, now: second.Add(2 * time.Minute), state: Retired},
		{name: "a second before the key expires", keys: timeline{erased, row(second)}, now: second.Add(25*time.Hour - time.Second), state: Retired},
		{name: "the key expires", keys: timeline{erased, row(second)}, now: second.Add(25 * time.Hour), action: deleteKey, state: Expired},
		{name: "the key will never sign", keys: timeline{row(second), row(due)}, now: epoch, action: deleteKey, state: Expired},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, due := s.next(c.keys, c.now)
			require.Equal(t, !c.from.IsZero(), due)
			if due {
				require.Equal(t, c.from, from)
			}
			if len(c.keys) > 0 {
				require.Equal(t, c.state, c.keys.state(0, c.now))
				require.Equal(t, c.action, c.keys.action(0, c.now))
			}
		})
	}
}
