package password

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// cheap parameters keep the tests quick; Weak allows them.
var cheap = Params{Memory: 64, Time: 1, Threads: 1}

func newHasher(t *testing.T, o Options) *Hasher {
	t.Helper()
	if o.Params == (Params{}) {
		o.Params = cheap
	}
	if o.Queue == 0 {
		o.Queue = 100
	}
	o.Weak = true
	h, err := New(o)
	require.NoError(t, err)
	return h
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	h, err := New(Options{})
	require.NoError(t, err)
	const password = "correct horse battery staple"
	hash, err := h.Hash(t.Context(), password)
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, hash)

	ok, outdated, err := h.Verify(t.Context(), hash, password)
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, outdated)

	ok, _, err = h.Verify(t.Context(), hash, password+" ")
	require.NoError(t, err)
	require.False(t, ok)

	again, err := h.Hash(t.Context(), password)
	require.NoError(t, err)
	require.NotEqual(t, hash, again, "each hash has a salt of its own")
}

func TestOutdated(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery staple"
	legacy, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	made := func(p Params, salt, tag int) string {
		h := argon2Hash{variant: argon2id, params: p, salt: random(salt), tag: make([]byte, tag)}
		h.tag = h.compute(password)
		return h.String()
	}
	h := newHasher(t, Options{})
	for _, c := range []struct {
		name, hash string
		outdated   bool
	}{
		{name: "current", hash: made(cheap, 16, 32)},
		{name: "more memory", hash: made(Params{128, 1, 1}, 16, 32), outdated: true},
		{name: "more passes", hash: made(Params{64, 2, 1}, 16, 32), outdated: true},
		{name: "more lanes", hash: made(Params{64, 1, 2}, 16, 32), outdated: true},
		{name: "shorter salt", hash: made(cheap, 8, 32), outdated: true},
		{name: "longer tag", hash: made(cheap, 16, 64), outdated: true},
		{name: "bcrypt", hash: string(legacy), outdated: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ok, outdated, err := h.Verify(t.Context(), c.hash, password)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, c.outdated, outdated)

			ok, outdated, err = h.Verify(t.Context(), c.hash, "wrong")
			require.NoError(t, err)
			require.False(t, ok)
			require.False(t, outdated, "a wrong password replaces nothing")
		})
	}
}

// Unknown users, wrong passwords and rows that cannot be read cost the same: one hash of the
// current parameters.
func TestEqualWork(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := newHasher(t, Options{Slots: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
	known, err := h.Hash(t.Context(), "right")
	require.NoError(t, err)
	for _, c := range []struct{ name, hash string }{
		{"wrong password", known},
		{"no such user", ""},
		{"unreadable", "$argon2id$v=19$m=99999999,t=2,p=1$" + salt16 + "$" + tag32},
	} {
		before := h.Hashes()
		ok, outdated, err := h.Verify(t.Context(), c.hash, "wrong")
		require.NoError(t, err, c.name)
		require.False(t, ok, c.name)
		require.False(t, outdated, c.name)
		require.Equal(t, before+1, h.Hashes(), c.name)

		s, _ := h.read(t.Context(), c.hash)
		require.IsType(t, argon2Hash{}, s, c.name)
		require.True(t, s.current(h.params), c.name)
	}
	require.Contains(t, log.String(), "cannot be read")
	require.NotContains(t, log.String(), tag32, "no part of a hash is logged")
}

// The decoy never matches, even if its password were guessed.
func TestDecoyNeverMatches(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{})
	h.decoy = newArgon2id(cheap, "guessed")
	for _, hash := range []string{"", "unreadable"} {
		ok, _, err := h.Verify(t.Context(), hash, "guessed")
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func TestOverload(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{Slots: 2, Queue: 3, Wait: time.Hour})
	require.NoError(t, h.slots.take(t.Context()))
	require.NoError(t, h.slots.take(t.Context()))
	var wg sync.WaitGroup
	results := make(chan error, 50)
	for range 50 {
		wg.Go(func() {
			_, err := h.Hash(t.Context(), "password")
			results <- err
		})
	}
	for range 47 {
		require.ErrorIs(t, <-results, account.ErrUnavailable)
	}
	require.Zero(t, h.Hashes(), "those refused cost nothing")
	h.slots.give()
	h.slots.give()
	wg.Wait()
	for range 3 {
		require.NoError(t, <-results)
	}
	require.EqualValues(t, 3, h.Hashes())
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		params Params
		fault  string // empty: accepted
	}{
		{name: "the default"},
		{name: "OWASP's row of five passes", params: Params{7168, 5, 1}},
		{name: "a pass too few", params: Params{19456, 1, 1}, fault: "weaker"},
		{name: "a KiB too few", params: Params{19455, 2, 1}, fault: "weaker"},
		{name: "more than can be verified", params: Params{65537, 2, 1}, fault: "m is not"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Options{Params: c.params, Queue: 1})
			if c.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.fault)
		})
	}
}

func TestQueueFor(t *testing.T) {
	t.Parallel()
	require.Equal(t, 67, queueFor(2, 30*time.Millisecond))
	require.Equal(t, 4, queueFor(4, time.Second))
	require.Equal(t, 1000, queueFor(1, 0), "a clock too coarse to see a hash does not make it endless")
}

func TestCommon(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{})
	for _, p := range []string{"password1", "PassWord1", "passwordpassword", "qwertyuiop", "iloveyou1"} {
		require.True(t, h.Common(p), p)
	}
	for _, p := range []string{"", "hunter2", "user-dev-password", "purple-lantern-42-orchard", "password1\n"} {
		require.False(t, h.Common(p), p)
	}
}

func TestCommonList(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{})
	list := commonList()
	require.GreaterOrEqual(t, len(list), 10_000)
	for i, p := range list {
		require.GreaterOrEqual(t, len(p), 8, p)
		require.Equal(t, strings.ToLower(p), p)
		require.True(t, h.Common(p), p)
		if i > 0 {
			require.Less(t, list[i-1], p, "sorted, and none twice")
		}
	}
}

// The check has a millisecond; a thousand of them in a second leave room for a busy machine.
func TestCommonIsQuick(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{})
	list := commonList()
	start := time.Now()
	for _, p := range list[:1000] {
		h.Common(p)
	}
	require.Less(t, time.Since(start), time.Second)
}
