package keyring

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestOpenOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    Options
		want string // in the error
	}{
		{name: "no secret", o: Options{Issuer: issuer}, want: "no secret"},
		{name: "short secret", o: Options{Issuer: issuer, Secrets: [][]byte{secretA, secretA[:31]}}, want: "shorter than 32"},
		{name: "no issuer", o: Options{Secrets: [][]byte{secretA}}, want: "no issuer"},
		{name: "alg none", o: options(Options{Algorithm: "none"}), want: `unknown algorithm "none"`},
		{name: "alg HS256", o: options(Options{Algorithm: "HS256"}), want: `unknown algorithm "HS256"`},
		{name: "published for too short", o: options(Options{Prepublish: 379 * time.Second}), want: "6m20s before it signs"},
		{name: "signs for too short", o: options(Options{Period: 23 * time.Hour}), want: "sign for at least as long"},
		{name: "unknown token type", o: options(Options{Type: "jwt"}), want: "unknown token type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := &memoryStore{}
			_, err := Open(t.Context(), store, c.o)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, store.rows)
		})
	}
}

// A hundred processes that start at once create one key and all use it.
func TestManyOpensCreateOneKey(t *testing.T) {
	t.Parallel()
	for range 10 {
		store := &memoryStore{}
		var wg sync.WaitGroup
		rings := make([]*Ring, 100)
		errs := make([]error, len(rings))
		for i := range rings {
			wg.Go(func() { rings[i], errs[i] = Open(t.Context(), store, options(Options{})) })
		}
		wg.Wait()
		require.Len(t, store.rows, 1)
		require.EqualValues(t, 1, store.rows[0].Generation)
		for i, r := range rings {
			require.NoError(t, errs[i])
			_, err := rings[0].Verify(mint(t, r))
			require.NoError(t, err)
		}
	}
}

func TestOpenAgain(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	first := open(t, store, Options{})
	second := open(t, store, Options{Secrets: [][]byte{secretB, secretA}})
	require.Len(t, store.rows, 1)
	require.Equal(t, first.Keys(), second.Keys())
	// What the first secret sealed needs no other secret.
	third := open(t, store, Options{Secrets: [][]byte{secretB, secretA}, Algorithm: EdDSA})
	row := third.keys.Load().newest().row
	s, err := newSealer([][]byte{secretB})
	require.NoError(t, err)
	_, err = load(row, s)
	require.NoError(t, err)
}

// A change of the algorithm is a rotation: the new key is published a day before it signs.
func TestChangeOfAlgorithm(t *testing.T) {
	t.Parallel()
	store, c := &memoryStore{}, newClock()
	before := open(t, store, Options{Now: c.Now})
	after := open(t, store, Options{Now: c.Now, Algorithm: EdDSA})
	require.Len(t, store.rows, 2)
	require.EqualValues(t, 2, store.rows[1].Generation)
	require.Equal(t, []string{ES256, EdDSA}, after.Algorithms())
	old := mint(t, after)
	_, err := before.Verify(old)
	require.NoError(t, err, "the previous key still signs")

	c.add(24 * time.Hour)
	fresh, err := after.Sign(claimsAt(c.Now()))
	require.NoError(t, err)
	require.Equal(t, EdDSA, after.keys.Load().signer(c.Now()).row.Algorithm)
	_, err = before.Verify(fresh)
	require.NoError(t, err, "an unknown kid causes a Refresh")

	c.add(retention)
	require.Equal(t, []string{EdDSA}, after.Algorithms(), "the previous key expires a day and the lifetime of a token later")
	require.Len(t, after.Keys(), 1)
	stale, err := json.Marshal(after.payload(claimsAt(c.Now())))
	require.NoError(t, err)
	signer := before.keys.Load().find(store.rows[0].ID)
	late, err := compact(stale, signer.signature(), signer.private, map[string]string{"typ": TypeAccessToken, "kid": signer.row.ID})
	require.NoError(t, err)
	_, err = after.Verify(late)
	require.ErrorContains(t, err, "unknown key", "an expired key verifies nothing")
}

// conflictStore reports a conflict for every generation and returns no keys.
type conflictStore struct{ memoryStore }

func (*conflictStore) AddSigningKey(context.Context, SigningKey) error { return fault.ErrAlreadyExists }

func TestOpenGivesUpAfterConflicts(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), &conflictStore{}, options(Options{}))
	require.ErrorContains(t, err, "other processes")
}

func TestAttachNeedsTheSecret(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	open(t, store, Options{})
	_, err := Attach(t.Context(), store, options(Options{Secrets: [][]byte{secretB}}))
	require.ErrorContains(t, err, "LATCHKEY_SECRET is not the one")
	require.ErrorContains(t, err, "set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE to the secret with which the service has used this database")
	_, err = Attach(t.Context(), store, Options{})
	require.ErrorContains(t, err, "no secret")
}
