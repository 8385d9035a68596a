package keyring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The key that signs and the published keys depend only on the rows and the time.
func TestTimeline(t *testing.T) {
	t.Parallel()
	private, err := newPrivate(EdDSA)
	require.NoError(t, err)
	at := func(hours int) time.Time { return epoch.Add(time.Duration(hours) * time.Hour) }
	row := func(id string, from time.Time) *key {
		return &key{row: SigningKey{ID: id, SignsFrom: from}, private: private}
	}
	erased := row("erased", at(-100))
	erased.private = nil
	line := timeline{erased, row("first", at(0)), row("second", at(10)), row("third", at(20))}
	for _, c := range []struct {
		name      string
		now       time.Time
		signer    string
		published []string
	}{
		{name: "only an erased key has started", now: at(-50), published: []string{"erased", "first", "second", "third"}},
		{name: "before all keys", now: at(-1), published: []string{"erased", "first", "second", "third"}},
		{name: "the first starts", now: at(0), signer: "first", published: []string{"erased", "first", "second", "third"}},
		{name: "a second before the second", now: at(10).Add(-time.Second), signer: "first", published: []string{"erased", "first", "second", "third"}},
		{name: "the second starts", now: at(10), signer: "second", published: []string{"erased", "first", "second", "third"}},
		{name: "the third starts", now: at(20), signer: "third", published: []string{"erased", "first", "second", "third"}},
		{name: "the erased key expires", now: at(25), signer: "third", published: []string{"first", "second", "third"}},
		{name: "the first expires", now: at(35), signer: "third", published: []string{"second", "third"}},
		{name: "only the third is left", now: at(2000), signer: "third", published: []string{"third"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var signer string
			if k := line.signer(c.now); k != nil {
				signer = k.row.ID
			}
			require.Equal(t, c.signer, signer)
			var published []string
			for _, k := range line.published(c.now) {
				published = append(published, k.row.ID)
			}
			require.Equal(t, c.published, published)
		})
	}
}
