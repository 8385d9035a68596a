package keyring

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A key goes from its creation to its deletion, and its successor replaces it.
func TestMaintain(t *testing.T) {
	t.Parallel()
	store, c := &memoryStore{}, newClock()
	r := open(t, store, Options{Now: c.Now})
	started := r.List()[0].SignsFrom
	at := func(d time.Duration) {
		t.Helper()
		c.set(started.Add(d))
		require.NoError(t, r.Maintain(t.Context()))
		mint(t, r)
	}
	const day = 24 * time.Hour
	at(29*day - time.Second)
	require.Equal(t, []State{Signing}, states(r))
	at(29 * day)
	require.Equal(t, []State{Signing, Pending}, states(r))
	first := mint(t, r)
	at(30 * day)
	require.Equal(t, []State{Retired, Signing}, states(r))
	require.NotNil(t, (*r.keys.Load())[0].private)
	at(30*day + 2*time.Minute)
	require.Nil(t, (*r.keys.Load())[0].private)
	require.Len(t, r.Keys(), 2)
	c.set(started.Add(29*day + 15*time.Minute))
	_, err := r.Verify(first)
	require.NoError(t, err, "its tokens are valid without the private key")
	at(31*day + time.Hour)
	require.Equal(t, []State{Signing}, states(r))
	require.Len(t, store.rows, 1)
}

// Replicas that run Maintain at once add one generation, and none of them fails.
func TestMaintainOnManyReplicasAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		store, c, _ := overdueStore(t)
		c.add(28*24*time.Hour + 2*time.Hour)
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			r := attach(t, store, Options{Now: c.Now, Secrets: [][]byte{secretB, secretA}})
			wg.Go(func() { errs[i] = r.Maintain(t.Context()) })
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, []State{Signing}, states(attach(t, store, Options{Now: c.Now, Secrets: [][]byte{secretB}})))
	}
}

// Maintain creates a new key if all rows have been deleted.
func TestMaintainAnEmptyStore(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	r := open(t, store, Options{})
	require.NoError(t, store.DeleteSigningKey(t.Context(), r.List()[0].ID))
	require.NoError(t, r.Maintain(t.Context()))
	mint(t, r)
}

// The master secret is rotated on one replica after another. No token is refused on the way, and in
// the end no key needs the old secret, not even a retired one.
func TestSecretRotation(t *testing.T) {
	t.Parallel()
	store, c := &memoryStore{}, newClock()
	stages := [][][]byte{{secretA}, {secretA, secretB}, {secretB, secretA}, {secretB}}
	restart := func(stage int) *Ring {
		return open(t, store, Options{Secrets: stages[stage], Now: c.Now, Algorithm: EdDSA})
	}
	rings := []*Ring{restart(0), restart(0), restart(0)}
	rotated, err := rings[0].Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	c.set(rotated.SignsFrom.Add(5 * time.Minute))
	tokens := []string{mint(t, rings[0])}
	poll := func() {
		t.Helper()
		for _, r := range rings {
			require.NoError(t, r.Maintain(t.Context()))
			tokens = append(tokens, mint(t, r))
		}
		for _, r := range rings {
			for _, token := range tokens {
				_, err := r.Verify(token)
				require.NoError(t, err)
			}
		}
	}
	for stage := range stages {
		for i := range rings {
			rings[i] = restart(stage)
			poll()
		}
		poll()
	}
	require.Equal(t, []State{Retired, Signing}, states(rings[0]))
	require.Nil(t, (*rings[0].keys.Load())[0].private)
}
