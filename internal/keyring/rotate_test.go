package keyring

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func attach(t *testing.T, store oauth.KeyStore, o Options) *Ring {
	t.Helper()
	r, err := Attach(t.Context(), store, options(o))
	require.NoError(t, err)
	return r
}

// states are those of all keys, by generation.
func states(r *Ring) []State {
	var all []State
	for _, s := range r.List() {
		all = append(all, s.State)
	}
	return all
}

func TestRotate(t *testing.T) {
	t.Parallel()
	store, c := &memory{}, newClock()
	service := open(t, store, Options{Now: c.Now, Algorithm: EdDSA})
	tool := attach(t, store, Options{Now: c.Now})
	next, err := tool.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	require.Equal(t, Status{
		ID: next.ID, Generation: 2, Algorithm: EdDSA, State: Pending, CreatedAt: epoch, SignsFrom: epoch.Add(time.Hour), Current: true,
	}, next, "the algorithm of the key before")
	require.NoError(t, service.Maintain(t.Context()))
	require.Equal(t, []State{Signing, Pending}, states(service))
	require.Equal(t, next.SignsFrom, service.List()[0].SignsUntil)
	require.Len(t, service.Keys(), 2)

	c.add(time.Hour)
	require.Equal(t, []State{Retired, Signing}, states(service))
	require.NotEmpty(t, service.keys.Load().newest().row.Sealed)
}

func TestRotateNothing(t *testing.T) {
	t.Parallel()
	store := &memory{}
	tool := attach(t, store, Options{})
	require.Empty(t, tool.List())
	_, err := tool.Rotate(t.Context(), time.Hour, false)
	require.ErrorIs(t, err, errNoKeys)
	require.ErrorIs(t, tool.Revoke(t.Context(), "nobody"), ErrUnknownKey)
	require.Empty(t, store.rows)
}

func TestAttachNeedsTheSecret(t *testing.T) {
	t.Parallel()
	store := &memory{}
	open(t, store, Options{})
	_, err := Attach(t.Context(), store, options(Options{Secrets: [][]byte{secretB}}))
	require.ErrorContains(t, err, "LATCHKEY_SECRET is not the one")
	_, err = Attach(t.Context(), store, Options{})
	require.ErrorContains(t, err, "no secret")
}

// A revoked key is gone from the other replicas with their next poll, and there is always one that
// signs: the pending one, which verifiers know, or a new one. Also where a clock is behind.
func TestRevoke(t *testing.T) {
	t.Parallel()
	for _, pending := range []bool{true, false} {
		t.Run(map[bool]string{true: "pending takes its place", false: "a new one does"}[pending], func(t *testing.T) {
			t.Parallel()
			store, c := &memory{}, newClock()
			a := open(t, store, Options{Now: c.Now})
			b := open(t, store, Options{Now: func() time.Time { return c.Now().Add(-time.Minute) }})
			c.add(time.Hour)
			var next Status
			if pending {
				var err error
				next, err = a.Rotate(t.Context(), time.Hour, false)
				require.NoError(t, err)
			}
			token := mint(t, b)
			stolen := a.List()[0].ID
			require.NoError(t, a.Revoke(t.Context(), stolen))
			_, err := a.Verify(token)
			require.ErrorIs(t, err, oauth.ErrInvalidToken)
			require.NoError(t, b.Maintain(t.Context()))
			_, err = b.Verify(token)
			require.ErrorIs(t, err, oauth.ErrInvalidToken)

			_, err = a.Verify(mint(t, b))
			require.NoError(t, err)
			require.Equal(t, []State{Signing}, states(b))
			require.Equal(t, pending, b.List()[0].ID == next.ID)
			require.ErrorIs(t, b.Revoke(t.Context(), stolen), ErrUnknownKey)
		})
	}
}

// Revoking a key that does not sign leaves the one that does.
func TestRevokeOthers(t *testing.T) {
	t.Parallel()
	store, c := &memory{}, newClock()
	r := open(t, store, Options{Now: c.Now})
	first := mint(t, r)
	_, err := r.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	c.add(time.Hour)
	_, err = r.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	require.Equal(t, []State{Retired, Signing, Pending}, states(r))
	all := r.List()
	require.NoError(t, r.Revoke(t.Context(), all[2].ID))
	require.NoError(t, r.Revoke(t.Context(), all[0].ID))
	require.Equal(t, []State{Signing}, states(r))
	require.Equal(t, all[1].ID, r.List()[0].ID)
	_, err = r.Verify(first)
	require.ErrorIs(t, err, oauth.ErrInvalidToken)
}

// Nobody who can write rows brings a key of his own along, not even with the seal of an erased one.
func TestErasedSealFitsItsKeyAlone(t *testing.T) {
	t.Parallel()
	store, other := &memory{}, &memory{}
	r := open(t, store, Options{})
	open(t, other, Options{})
	require.NoError(t, r.do(t.Context(), erase, r.keys.Load().newest()))
	smuggled := other.rows[0]
	smuggled.Generation, smuggled.Sealed = 2, store.rows[0].Sealed
	require.NoError(t, store.AddSigningKey(t.Context(), smuggled))
	require.ErrorIs(t, r.Refresh(t.Context()), errTampered)
}

// brittle fails at one write, before or after the deed.
type brittle struct {
	*memory
	after  bool
	writes int // until it fails
}

var errCrash = errors.New("the connection is lost")

func (b *brittle) write(deed func() error) error {
	b.writes--
	if b.writes == 0 && !b.after {
		return errCrash
	}
	err := deed()
	if b.writes == 0 {
		return errCrash
	}
	return err
}

func (b *brittle) AddSigningKey(ctx context.Context, k oauth.SigningKey) error {
	return b.write(func() error { return b.memory.AddSigningKey(ctx, k) })
}

func (b *brittle) ReplaceSealed(ctx context.Context, id string, from, to []byte) error {
	return b.write(func() error { return b.memory.ReplaceSealed(ctx, id, from, to) })
}

func (b *brittle) DeleteSigningKey(ctx context.Context, id string) error {
	return b.write(func() error { return b.memory.DeleteSigningKey(ctx, id) })
}

// However far a replica comes, another one signs and verifies afterwards, and finishes the work.
func TestCrashPoints(t *testing.T) {
	t.Parallel()
	secrets := Options{Secrets: [][]byte{secretB, secretA}}
	for name, act := range map[string]func(*Ring) error{
		"maintain": func(r *Ring) error { return r.Maintain(context.Background()) },
		"revoke":   func(r *Ring) error { return r.Revoke(context.Background(), r.keys.Load().signer(r.now()).row.ID) },
		"rotate":   func(r *Ring) error { _, err := r.Rotate(context.Background(), time.Hour, false); return err },
	} {
		for _, after := range []bool{false, true} {
			for writes := 1; ; writes++ {
				store, c, token := aged(t)
				o := secrets
				o.Now = c.Now
				crashing := attach(t, &brittle{memory: store, after: after, writes: writes}, o)
				err := act(crashing)
				if err == nil {
					require.Greater(t, writes, 1, name)
					break // it writes no more often than this
				}
				require.ErrorIs(t, err, errCrash)
				heals(t, store, o, token)
			}
		}
	}
}

// aged is a store with a key to delete, one to erase, one that signs and needs a successor, all under
// the old secret, and a token of the last.
func aged(t *testing.T) (*memory, *clock, string) {
	t.Helper()
	store, c := &memory{}, newClock()
	r := open(t, store, Options{Now: c.Now, Algorithm: EdDSA})
	for _, wait := range []time.Duration{24 * time.Hour, 24 * time.Hour, 5 * time.Minute} {
		_, err := r.Rotate(t.Context(), 0, true)
		require.NoError(t, err)
		c.add(wait)
	}
	require.Equal(t, []State{Over, Retired, Retired, Signing}, states(r))
	r = attach(t, store, Options{Now: c.Now})
	_, err := r.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	return store, c, mint(t, r)
}

// heals proves that another replica works and that two polls later there is nothing left to do.
func heals(t *testing.T, store *memory, o Options, token string) {
	t.Helper()
	r := attach(t, store, o)
	r.o.Issuer, r.o.Audience = issuer, audience
	_, err := r.Verify(mint(t, r))
	require.NoError(t, err)
	if signer := r.keys.Load().signer(r.now()); signer.row.Generation == 4 {
		_, err := r.Verify(token)
		require.NoError(t, err, "its key was not revoked")
	}
	require.NoError(t, r.Maintain(t.Context()))
	before := slices.Clone(store.rows)
	require.NoError(t, r.Maintain(t.Context()))
	require.Equal(t, before, store.rows)
	require.NotContains(t, states(r), Over)
	for _, k := range *r.keys.Load() {
		require.True(t, k.current)
	}
}
