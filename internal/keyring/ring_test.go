package keyring

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A replica whose clock is behind can sign with the first key at once.
func TestFirstKeySignsWithASlowClock(t *testing.T) {
	t.Parallel()
	store, slow := &memoryStore{}, newClock()
	open(t, store, Options{})
	slow.set(epoch.Add(-time.Minute))
	_, err := open(t, store, Options{Now: slow.Now}).Sign(claimsAt(epoch))
	require.NoError(t, err)
}

// A key whose private key was erased still verifies, and still needs the master secret.
func TestErasedKeyVerifies(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	r := open(t, store, Options{})
	token := mint(t, r)
	require.NoError(t, r.apply(t.Context(), erasePrivate, r.keys.Load().newest()))
	require.NoError(t, r.Refresh(t.Context()))
	_, err := r.Verify(token)
	require.NoError(t, err)
	_, err = r.Sign(claimsAt(epoch))
	require.ErrorContains(t, err, "no key signs")
	require.NoError(t, open(t, store, Options{Secrets: [][]byte{secretB, secretA}}).Refresh(t.Context()))
	_, err = Open(t.Context(), store, options(Options{Secrets: [][]byte{secretB}}))
	require.ErrorContains(t, err, "LATCHKEY_SECRET is not the one")
	require.ErrorContains(t, err, "set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE to the secret with which the service has used this database")
}

// downStore is a store that cannot be reached.
type downStore struct{ Store }

var errDown = errors.New("the database is down")

func (downStore) SigningKeys(context.Context) ([]SigningKey, error) { return nil, errDown }

func TestRefreshKeepsKeysAfterAnError(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), downStore{}, options(Options{}))
	require.ErrorIs(t, err, errDown)

	r := open(t, &memoryStore{}, Options{})
	r.store = downStore{}
	require.ErrorIs(t, r.Refresh(t.Context()), errDown)
	require.Len(t, r.Keys(), 1)
	_, err = r.Sign(claimsAt(epoch))
	require.NoError(t, err)
}

func TestReadersDuringRefresh(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	token, err := r.Sign(claimsAt(epoch))
	require.NoError(t, err)
	var wg sync.WaitGroup
	errs := make(chan error, 80)
	for range 20 {
		wg.Go(func() { errs <- r.Refresh(t.Context()) })
		wg.Go(func() { _, err := r.Sign(claimsAt(epoch)); errs <- err })
		wg.Go(func() { _, err := r.Verify(token); errs <- err })
		wg.Go(func() {
			if len(r.Keys()) != 1 {
				errs <- errors.New("a reader saw no keys")
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}

// Tokens with an unknown kid cause at most one read of the store in ten seconds.
func TestUnknownKidRefreshesRarely(t *testing.T) {
	t.Parallel()
	store, c := &memoryStore{}, newClock()
	r := open(t, store, Options{Now: c.Now})
	foreign := mint(t, open(t, &memoryStore{}, Options{Now: c.Now}))
	before := store.readCount()
	for range 100 {
		_, err := r.Verify(foreign)
		require.ErrorIs(t, err, ErrInvalidToken)
	}
	require.Equal(t, before+1, store.readCount())
	c.add(10 * time.Second)
	_, err := r.Verify(foreign)
	require.ErrorIs(t, err, ErrInvalidToken)
	require.Equal(t, before+2, store.readCount())
}

// blockingStore is a store whose reads announce themselves on started and wait for release.
type blockingStore struct {
	*memoryStore

	started, release chan struct{}
}

func (s *blockingStore) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	s.started <- struct{}{}
	select {
	case <-s.release:
	case <-ctx.Done():
	}
	return s.memoryStore.SigningKeys(ctx)
}

// While a token with an unknown kid waits for a read of the store, other tokens are verified at once.
func TestUnknownKidDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	r := open(t, store, Options{})
	known := mint(t, r)
	next, err := open(t, store, Options{}).Rotate(t.Context(), 0, true)
	require.NoError(t, err)
	fresh := open(t, store, Options{})
	require.Equal(t, next.ID, fresh.keys.Load().signer(epoch).row.ID)
	unknown := mint(t, fresh)

	blocking := &blockingStore{store, make(chan struct{}), make(chan struct{})}
	r.store = blocking
	verified := make(chan error)
	go func() { _, err := r.Verify(unknown); verified <- err }()
	<-blocking.started
	_, err = r.Verify(known)
	require.NoError(t, err)
	_, err = r.Verify(unknown)
	require.ErrorIs(t, err, ErrInvalidToken, "another caller is reading the keys")
	close(blocking.release)
	require.NoError(t, <-verified)
	_, err = r.Verify(unknown)
	require.NoError(t, err)
}

// A Refresh that waits for another one ends with its context.
func TestRefreshEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	r.refreshing <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.Refresh(ctx), context.Canceled)
	require.ErrorIs(t, r.Maintain(ctx), context.Canceled)
}
