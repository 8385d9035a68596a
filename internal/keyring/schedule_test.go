package keyring

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// What Maintain does is a function of the rows and the time.
func TestSchedule(t *testing.T) {
	t.Parallel()
	s := scheduleOf(withDefaults(Options{}))
	private := ed25519.NewKeyFromSeed(secretA)
	row := func(from time.Time) *key {
		return &key{row: oauth.SigningKey{SignsFrom: from}, private: private, current: true}
	}
	erased := row(epoch)
	erased.private = nil
	stale := row(epoch)
	stale.current = false
	const day = 24 * time.Hour
	due, second := epoch.Add(29*day), epoch.Add(30*day)
	for _, c := range []struct {
		name  string
		keys  timeline
		now   time.Time
		from  time.Time // of the next key; zero: none is due
		chore chore     // of the first key
		state State     // of the first key
	}{
		{name: "no key", now: epoch, from: epoch.Add(-time.Minute)},
		{name: "it signs", keys: timeline{row(epoch)}, now: epoch, state: Signing},
		{name: "a second before the next is due", keys: timeline{row(epoch)}, now: due.Add(-time.Second), state: Signing},
		{name: "the next is due", keys: timeline{row(epoch)}, now: due, from: second, state: Signing},
		{name: "overdue", keys: timeline{row(epoch)}, now: epoch.Add(90 * day), from: epoch.Add(91 * day), state: Signing},
		{name: "sealed under another secret", keys: timeline{stale}, now: epoch, chore: reseal, state: Signing},
		{name: "pending", keys: timeline{row(second), row(epoch.Add(60 * day))}, now: due, state: Pending},
		{name: "the next is there", keys: timeline{row(epoch), row(second)}, now: due, state: Signing},
		{name: "it retires", keys: timeline{row(epoch), row(second)}, now: second, state: Retired},
		{name: "a slow clock still says that it signs", keys: timeline{row(epoch), row(second)}, now: second.Add(119 * time.Second), state: Retired},
		{name: "its private half is not needed", keys: timeline{row(epoch), row(second)}, now: second.Add(2 * time.Minute), chore: erase, state: Retired},
		{name: "it is erased", keys: timeline{erased, row(second)}, now: second.Add(2 * time.Minute), state: Retired},
		{name: "a second before its end", keys: timeline{erased, row(second)}, now: second.Add(25*time.Hour - time.Second), state: Retired},
		{name: "it is over", keys: timeline{erased, row(second)}, now: second.Add(25 * time.Hour), chore: remove, state: Over},
		{name: "it will never sign", keys: timeline{row(second), row(due)}, now: epoch, chore: remove, state: Over},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, due := s.next(c.keys, c.now)
			require.Equal(t, !c.from.IsZero(), due)
			if due {
				require.Equal(t, c.from, from)
			}
			if len(c.keys) > 0 {
				require.Equal(t, c.state, c.keys.state(0, c.now, s.keep))
				require.Equal(t, c.chore, s.chore(c.keys, 0, c.now))
			}
		})
	}
}
