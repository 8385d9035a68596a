package keyring

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// failingWrites is a store that fails at one write, before or after it is done.
type failingWrites struct {
	*memoryStore

	after  bool
	writes int // number of the write that fails
}

var errCrash = errors.New("the connection is lost")

func (s *failingWrites) write(do func() error) error {
	s.writes--
	if s.writes == 0 && !s.after {
		return errCrash
	}
	err := do()
	if s.writes == 0 {
		return errCrash
	}
	return err
}

func (s *failingWrites) AddSigningKey(ctx context.Context, k SigningKey) error {
	return s.write(func() error { return s.memoryStore.AddSigningKey(ctx, k) })
}

func (s *failingWrites) ReplaceSealed(ctx context.Context, id string, from, to []byte) error {
	return s.write(func() error { return s.memoryStore.ReplaceSealed(ctx, id, from, to) })
}

func (s *failingWrites) DeleteSigningKey(ctx context.Context, id string) error {
	return s.write(func() error { return s.memoryStore.DeleteSigningKey(ctx, id) })
}

// At whatever write a replica crashes, another one signs and verifies afterwards and finishes the work.
func TestCrashAtEveryWrite(t *testing.T) {
	t.Parallel()
	secrets := Options{Secrets: [][]byte{secretB, secretA}}
	for name, act := range map[string]func(*Ring) error{
		"maintain": func(r *Ring) error { return r.Maintain(context.Background()) },
		"revoke":   func(r *Ring) error { return r.Revoke(context.Background(), r.keys.Load().signer(r.now()).row.ID) },
		"rotate":   func(r *Ring) error { _, err := r.Rotate(context.Background(), time.Hour, false); return err },
	} {
		for _, after := range []bool{false, true} {
			for writes := 1; ; writes++ {
				store, c, token := overdueStore(t)
				o := secrets
				o.Now = c.Now
				crashing := attach(t, &failingWrites{memoryStore: store, after: after, writes: writes}, o)
				err := act(crashing)
				if err == nil {
					require.Greater(t, writes, 1, name)
					break // there is no further write to fail
				}
				require.ErrorIs(t, err, errCrash)
				requireRecovery(t, store, o, token)
			}
		}
	}
}

// overdueStore returns a store in which every kind of maintenance is due: a key to delete, one to
// erase, and one that signs and needs a successor, all sealed with the old secret. It also returns a
// token of the last.
func overdueStore(t *testing.T) (*memoryStore, *clock, string) {
	t.Helper()
	store, c := &memoryStore{}, newClock()
	r := open(t, store, Options{Now: c.Now, Algorithm: EdDSA})
	for _, wait := range []time.Duration{24 * time.Hour, 24 * time.Hour, 5 * time.Minute} {
		_, err := r.Rotate(t.Context(), 0, true)
		require.NoError(t, err)
		c.add(wait)
	}
	require.Equal(t, []State{Expired, Retired, Retired, Signing}, states(r))
	r = attach(t, store, Options{Now: c.Now})
	_, err := r.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	return store, c, mint(t, r)
}

// requireRecovery checks that another replica works, and that one poll finishes the maintenance.
func requireRecovery(t *testing.T, store *memoryStore, o Options, token string) {
	t.Helper()
	r := attach(t, store, o)
	r.o.Issuer, r.o.Audience = issuer, audience
	_, err := r.Verify(mint(t, r))
	require.NoError(t, err)
	if signer := r.keys.Load().signer(r.now()); signer.row.Generation == 4 {
		_, err := r.Verify(token)
		require.NoError(t, err, "the key was not revoked")
	}
	require.NoError(t, r.Maintain(t.Context()))
	before := slices.Clone(store.rows)
	require.NoError(t, r.Maintain(t.Context()))
	require.Equal(t, before, store.rows)
	require.NotContains(t, states(r), Expired)
	for _, k := range *r.keys.Load() {
		require.True(t, k.current)
	}
}
