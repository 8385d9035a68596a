package keyring

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// A key's whole life, and that of the one after it.
func TestMaintain(t *testing.T) {
	t.Parallel()
	store, c := &memory{}, newClock()
	r := open(t, store, Options{Now: c.Now})
	begun := r.List()[0].SignsFrom
	at := func(d time.Duration) {
		t.Helper()
		c.set(begun.Add(d))
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
	c.set(begun.Add(29*day + 15*time.Minute))
	_, err := r.Verify(first)
	require.NoError(t, err, "its tokens live on without the private half")
	at(31*day + time.Hour)
	require.Equal(t, []State{Signing}, states(r))
	require.Len(t, store.rows, 1)
}

// All replicas at once make one next generation, and none minds that another did the work.
func TestManyMaintainAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		store, c, _ := aged(t)
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

// A store without rows, whoever emptied it, is begun anew.
func TestMaintainBeginsAnew(t *testing.T) {
	t.Parallel()
	store := &memory{}
	r := open(t, store, Options{})
	require.NoError(t, store.DeleteSigningKey(t.Context(), r.List()[0].ID))
	require.NoError(t, r.Maintain(t.Context()))
	mint(t, r)
}

// The master secret is rotated one replica after the other: no token is refused on the way, and the
// old secret is not needed in the end, nor by keys that retired long ago.
func TestSecretRotation(t *testing.T) {
	t.Parallel()
	store, c := &memory{}, newClock()
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

// A kid that nobody knows costs one reading in ten seconds, whoever asks and how often.
func TestUnknownKeyIsAskedSeldom(t *testing.T) {
	t.Parallel()
	store, c := &memory{}, newClock()
	r := open(t, store, Options{Now: c.Now})
	stranger := mint(t, open(t, &memory{}, Options{Now: c.Now}))
	before := store.reads()
	for range 100 {
		_, err := r.Verify(stranger)
		require.ErrorIs(t, err, oauth.ErrInvalidToken)
	}
	require.Equal(t, before+1, store.reads())
	c.add(10 * time.Second)
	_, err := r.Verify(stranger)
	require.ErrorIs(t, err, oauth.ErrInvalidToken)
	require.Equal(t, before+2, store.reads())
}

// slow is a store that answers when it is let.
type slow struct {
	*memory
	asked, answer chan struct{}
}

func (s *slow) SigningKeys(ctx context.Context) ([]oauth.SigningKey, error) {
	s.asked <- struct{}{}
	select {
	case <-s.answer:
	case <-ctx.Done():
	}
	return s.memory.SigningKeys(ctx)
}

// While one token of an unknown key has the keys read, all others are judged at once.
func TestAskingBlocksNobodyElse(t *testing.T) {
	t.Parallel()
	store := &memory{}
	r := open(t, store, Options{})
	known := mint(t, r)
	next, err := open(t, store, Options{}).Rotate(t.Context(), 0, true)
	require.NoError(t, err)
	fresh := open(t, store, Options{})
	require.Equal(t, next.ID, fresh.keys.Load().signer(epoch).row.ID)
	unknown := mint(t, fresh)

	door := &slow{store, make(chan struct{}), make(chan struct{})}
	r.store = door
	verified := make(chan error)
	go func() { _, err := r.Verify(unknown); verified <- err }()
	<-door.asked
	_, err = r.Verify(known)
	require.NoError(t, err)
	_, err = r.Verify(unknown)
	require.ErrorIs(t, err, oauth.ErrInvalidToken, "another is asking")
	close(door.answer)
	require.NoError(t, <-verified)
	_, err = r.Verify(unknown)
	require.NoError(t, err)
}

// A reading that waits for another one ends with its context.
func TestRefreshEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := open(t, &memory{}, Options{})
	r.reading <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.Refresh(ctx), context.Canceled)
	require.ErrorIs(t, r.Maintain(ctx), context.Canceled)
}
