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

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// cheap are parameters that keep the tests quick. They need Weak.
var cheap = Params{Memory: 64, Time: 1, Threads: 1}

// newHasher returns a Hasher with cheap parameters, unless o sets others.
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
	require.NotEqual(t, hash, again, "each hash has a fresh salt")
}

func TestOutdated(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery staple"
	legacy, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	hashWith := func(p Params, salt, tag int) string {
		h := argon2Hash{variant: argon2id, params: p, salt: random(salt), tag: make([]byte, tag)}
		h.tag = h.compute(password)
		return h.String()
	}
	h := newHasher(t, Options{})
	for _, c := range []struct {
		name, hash string
		outdated   bool
	}{
		{name: "current", hash: hashWith(cheap, 16, 32)},
		{name: "more memory", hash: hashWith(Params{128, 1, 1}, 16, 32), outdated: true},
		{name: "more passes", hash: hashWith(Params{64, 2, 1}, 16, 32), outdated: true},
		{name: "more lanes", hash: hashWith(Params{64, 1, 2}, 16, 32), outdated: true},
		{name: "shorter salt", hash: hashWith(cheap, 8, 32), outdated: true},
		{name: "longer tag", hash: hashWith(cheap, 16, 64), outdated: true},
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
			require.False(t, outdated, "a wrong password does not replace the hash")
		})
	}
}

// Unknown users, wrong passwords and hashes that cannot be read cost the same: one hash with the current
// parameters.
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
		require.IsType(t, argon2Hash{}, s.stored, c.name)
		require.True(t, s.current(h.params), c.name)
	}
	require.Contains(t, log.String(), "cannot be read")
	require.NotContains(t, log.String(), tag32, "no part of a hash is logged")
}

// The decoy never matches, not even its own password.
func TestDecoyNeverMatches(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{})
	decoy := newArgon2id(cheap, "password")
	h.decoy = readable{decoy, decoy.String()}
	for _, hash := range []string{"", "unreadable"} {
		ok, _, err := h.Verify(t.Context(), hash, "password")
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func TestOverloadRefusesCallers(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{Slots: 2, Queue: 3, Wait: time.Hour})
	require.NoError(t, enter(t.Context(), h.slots))
	require.NoError(t, enter(t.Context(), h.slots))
	var wg sync.WaitGroup
	results := make(chan error, 50)
	for range 50 {
		wg.Go(func() {
			_, err := h.Hash(t.Context(), "password")
			results <- err
		})
	}
	for range 47 {
		require.ErrorIs(t, <-results, fault.ErrUnavailable)
	}
	require.Zero(t, h.Hashes(), "refused callers cost no hash")
	h.slots.release()
	h.slots.release()
	wg.Wait()
	for range 3 {
		require.NoError(t, <-results)
	}
	require.EqualValues(t, 3, h.Hashes())
}

func TestNewRejectsParameters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		params Params
		want   string // in the error; empty: accepted
	}{
		{name: "the default"},
		{name: "the OWASP minimum with five passes", params: Params{7168, 5, 1}},
		{name: "one pass too few", params: Params{19456, 1, 1}, want: "weaker"},
		{name: "one KiB too little", params: Params{19455, 2, 1}, want: "weaker"},
		{name: "above the limit for stored hashes", params: Params{65537, 2, 1}, want: "m is not"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Options{Params: c.params, Queue: 1})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
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
			require.Less(t, list[i-1], p, "sorted, without duplicates")
		}
	}
}

// One check should take less than a millisecond. The limit on the average allows for a busy machine.
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
