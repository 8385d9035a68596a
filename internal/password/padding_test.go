package password

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

func TestPaddingFloor(t *testing.T) {
	t.Parallel()
	p := newPadding("own")
	require.Zero(t, p.floor())
	require.False(t, p.cheap("own"))
	require.True(t, p.cheap("other"), "while the cost of new hashes is not known")

	p.add("own", 90*time.Millisecond)
	p.add("own", 40*time.Millisecond)
	p.add("own", 300*time.Millisecond) // on a busy machine
	require.Equal(t, 50*time.Millisecond, p.floor(), "a quarter above the shortest")
	p.add("cheap", 8*time.Millisecond)
	require.True(t, p.cheap("cheap"))
	require.Equal(t, 60*time.Millisecond, p.floor(), "a cheap hash is followed by the decoy")
	p.add("dear", 200*time.Millisecond)
	require.False(t, p.cheap("dear"))
	require.Equal(t, 250*time.Millisecond, p.floor())
}

// On a busy machine all hashes take longer, and so does the floor: else the dear ones would exceed it.
func TestPaddingFollowsLoad(t *testing.T) {
	t.Parallel()
	p := newPadding("own")
	p.add("own", 40*time.Millisecond)
	p.add("dear", 100*time.Millisecond)
	for range tooSlow {
		p.add("own", time.Minute)
	}
	require.Equal(t, 125*time.Millisecond, p.floor(), "a few may take longer")
	p.add("cheap", time.Millisecond)
	for range 10 {
		p.add("cheap", 30*time.Millisecond)
	}
	require.Equal(t, 125*time.Millisecond, p.floor(), "cheap hashes do not count")
	for range latestHashes {
		p.add("own", 80*time.Millisecond)
	}
	require.Equal(t, 200*time.Millisecond, p.floor())
	for range latestHashes {
		p.add("dear", time.Hour)
	}
	require.Equal(t, 500*time.Millisecond, p.floor(), "never more than five times")
	for range latestHashes {
		p.add("own", 41*time.Millisecond)
	}
	require.Equal(t, 125*time.Millisecond, p.floor(), "after the load")
}

func TestPaddingIsBounded(t *testing.T) {
	t.Parallel()
	p := newPadding("own")
	for i := range 2 * maxCosts {
		p.add(string(rune('a'+i)), time.Second)
	}
	require.Len(t, p.shortest, maxCosts)
}

// A failure waits until it has taken as long as all others, unless the caller has gone.
func TestPaddingWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, start := newPadding("own"), time.Now()
		p.add("own", 40*time.Millisecond)
		time.Sleep(10 * time.Millisecond)
		p.wait(t.Context(), start)
		require.Equal(t, 50*time.Millisecond, time.Since(start))
		p.wait(t.Context(), start)
		require.Equal(t, 50*time.Millisecond, time.Since(start), "one that took longer does not wait")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p.wait(ctx, time.Now())
		require.Equal(t, 50*time.Millisecond, time.Since(start), "the caller has gone")
	})
}

// A wrong password for a cheap hash from another system costs a new hash as well; the right one does not.
func TestFailedLegacyHash(t *testing.T) {
	t.Parallel()
	legacy, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	require.NoError(t, err)
	h, err := New(Options{})
	require.NoError(t, err)
	own := h.decoy.cost()
	ok, _, err := h.Verify(t.Context(), string(legacy), "right")
	require.NoError(t, err)
	require.True(t, ok)
	require.Empty(t, h.padding.shortest)

	start := time.Now()
	ok, _, err = h.Verify(t.Context(), string(legacy), "wrong")
	require.NoError(t, err)
	require.False(t, ok)
	require.Contains(t, h.padding.shortest, own, "the decoy was computed")
	require.Contains(t, h.padding.shortest, "bcrypt 04")
	require.GreaterOrEqual(t, time.Since(start), h.padding.floor())
}

// Every format has a cost that tells its parameters apart.
func TestCosts(t *testing.T) {
	t.Parallel()
	costs := map[string]bool{}
	for _, h := range []stored{
		argon2Hash{variant: argon2id, params: Params{19456, 2, 1}}, argon2Hash{variant: argon2i, params: Params{19456, 2, 1}},
		argon2Hash{variant: argon2id, params: Params{19456, 3, 1}},
		bcryptHash{text: []byte("$2b$12$")}, bcryptHash{text: []byte("$2b$10$")},
		pbkdf2Hash{digest: digests["pbkdf2-sha256"], iterations: 29000, tag: make([]byte, 32)},
		pbkdf2Hash{digest: digests["pbkdf2-sha512"], iterations: 29000, tag: make([]byte, 64)},
		pbkdf2Hash{digest: digests["pbkdf2-sha256"], iterations: 29000, tag: make([]byte, 64)},
		scryptHash{n: 1 << 14, r: 8, p: 1}, scryptHash{n: 1 << 15, r: 8, p: 1},
	} {
		require.False(t, costs[h.cost()], h.cost())
		costs[h.cost()] = true
	}
}
