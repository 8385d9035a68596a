package keyring

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func TestOpenOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		o     Options
		fault string
	}{
		{name: "no secret", o: Options{Issuer: issuer}, fault: "no secret"},
		{name: "short secret", o: Options{Issuer: issuer, Secrets: [][]byte{secretA, secretA[:31]}}, fault: "shorter than 32"},
		{name: "no issuer", o: Options{Secrets: [][]byte{secretA}}, fault: "no issuer"},
		{name: "alg none", o: options(Options{Algorithm: "none"}), fault: `no algorithm "none"`},
		{name: "alg HS256", o: options(Options{Algorithm: "HS256"}), fault: `no algorithm "HS256"`},
		{name: "published for too short", o: options(Options{Prepublish: 379 * time.Second}), fault: "6m20s before it signs"},
		{name: "signs for too short", o: options(Options{Period: 23 * time.Hour}), fault: "sign for longer"},
		{name: "other type", o: options(Options{Type: "jwt"}), fault: "type of tokens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := &memory{}
			_, err := Open(t.Context(), store, c.o)
			require.ErrorContains(t, err, c.fault)
			require.Empty(t, store.rows)
		})
	}
}

// Five processes of twenty starts each, again and again.
func TestManyOpensMakeOneKey(t *testing.T) {
	t.Parallel()
	for range 10 {
		store := &memory{}
		var wg sync.WaitGroup
		rings := make([]*Ring, 5*20)
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
	store := &memory{}
	first := open(t, store, Options{})
	second := open(t, store, Options{Secrets: [][]byte{secretB, secretA}})
	require.Len(t, store.rows, 1)
	require.Equal(t, first.Keys(), second.Keys())
	// What the new first secret seals, it opens alone.
	third := open(t, store, Options{Secrets: [][]byte{secretB, secretA}, Algorithm: EdDSA})
	row := third.keys.Load().newest().row
	s, err := newSealer([][]byte{secretB})
	require.NoError(t, err)
	_, err = load(row, s)
	require.NoError(t, err)
}

// Another algorithm is a rotation: its first key is published long before it signs.
func TestAnotherAlgorithm(t *testing.T) {
	t.Parallel()
	store, c := &memory{}, newClock()
	before := open(t, store, Options{Now: c.Now})
	after := open(t, store, Options{Now: c.Now, Algorithm: EdDSA})
	require.Len(t, store.rows, 2)
	require.EqualValues(t, 2, store.rows[1].Generation)
	require.Equal(t, []string{ES256, EdDSA}, after.Algorithms())
	old := mint(t, after)
	_, err := before.Verify(old)
	require.NoError(t, err, "the former key signs on")

	c.add(24 * time.Hour)
	fresh, err := after.Sign(claimsAt(c.Now()))
	require.NoError(t, err)
	require.Equal(t, EdDSA, after.keys.Load().signer(c.Now()).row.Algorithm)
	_, err = before.Verify(fresh)
	require.NoError(t, err, "read on meeting its kid")

	c.add(keepFor + time.Hour)
	require.Equal(t, []string{EdDSA}, after.Algorithms(), "the former key is gone a day and a token's life later")
	require.Len(t, after.Keys(), 1)
	stale, err := json.Marshal(after.payload(claimsAt(c.Now())))
	require.NoError(t, err)
	late, err := sign(before.keys.Load().find(store.rows[0].ID), TypeAccessToken, stale)
	require.NoError(t, err)
	_, err = after.Verify(late)
	require.ErrorContains(t, err, "unknown key", "nor does it verify any more")
}

// The state of a key is a function of the rows and the time.
func TestTimeline(t *testing.T) {
	t.Parallel()
	private, err := newPrivate(EdDSA)
	require.NoError(t, err)
	at := func(hours int) time.Time { return epoch.Add(time.Duration(hours) * time.Hour) }
	row := func(id string, from, until time.Time) *key {
		return &key{row: oauth.SigningKey{ID: id, SignsFrom: from, SignsUntil: until}, private: private}
	}
	erased := row("erased", at(-100), at(-2))
	erased.private = nil
	line := timeline{erased, row("first", at(0), time.Time{}), row("second", at(10), at(20)), row("third", at(20), time.Time{})}
	for _, c := range []struct {
		name      string
		now       time.Time
		signer    string
		published []string
	}{
		{name: "only an erased one", now: at(-50), published: []string{"erased", "first", "second", "third"}},
		{name: "before all", now: at(-1), published: []string{"erased", "first", "second", "third"}},
		{name: "the first begins", now: at(0), signer: "first", published: []string{"erased", "first", "second", "third"}},
		{name: "the erased one is forgotten", now: at(3), signer: "first", published: []string{"first", "second", "third"}},
		{name: "a second before the second", now: at(10).Add(-time.Second), signer: "first", published: []string{"first", "second", "third"}},
		{name: "the second begins", now: at(10), signer: "second", published: []string{"first", "second", "third"}},
		{name: "the first is forgotten", now: at(15), signer: "second", published: []string{"second", "third"}},
		{name: "the third begins", now: at(20), signer: "third", published: []string{"second", "third"}},
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
			for _, k := range line.published(c.now, 5*time.Hour) {
				published = append(published, k.row.ID)
			}
			require.Equal(t, c.published, published)
		})
	}
}

// A replica whose clock is a leeway behind that of the one that made the first key signs with it.
func TestFirstKeySignsOnASlowClock(t *testing.T) {
	t.Parallel()
	store, slow := &memory{}, newClock()
	open(t, store, Options{})
	slow.set(epoch.Add(-time.Minute))
	_, err := open(t, store, Options{Now: slow.Now}).Sign(claimsAt(epoch))
	require.NoError(t, err)
}

// A private half that was erased leaves a key that verifies, and is still one of ours.
func TestErasedKeyVerifies(t *testing.T) {
	t.Parallel()
	store := &memory{}
	r := open(t, store, Options{})
	token := mint(t, r)
	require.NoError(t, r.do(t.Context(), erase, r.keys.Load().newest()))
	require.NoError(t, r.Refresh(t.Context()))
	_, err := r.Verify(token)
	require.NoError(t, err)
	_, err = r.Sign(claimsAt(epoch))
	require.ErrorContains(t, err, "no key signs now")
	require.NoError(t, open(t, store, Options{Secrets: [][]byte{secretB, secretA}}).Refresh(t.Context()))
	_, err = Open(t.Context(), store, options(Options{Secrets: [][]byte{secretB}}))
	require.ErrorContains(t, err, "LATCHKEY_SECRET is not the one")
}

// failing is a store that cannot be reached.
type failing struct{ oauth.KeyStore }

var errDown = errors.New("the database is down")

func (failing) SigningKeys(context.Context) ([]oauth.SigningKey, error) { return nil, errDown }

func TestRefreshKeepsKeysAfterAnError(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), failing{}, options(Options{}))
	require.ErrorIs(t, err, errDown)

	r := open(t, &memory{}, Options{})
	r.store = failing{}
	require.ErrorIs(t, r.Refresh(t.Context()), errDown)
	require.Len(t, r.Keys(), 1)
	_, err = r.Sign(claimsAt(epoch))
	require.NoError(t, err)
}

// stubborn says that every generation exists and shows none.
type stubborn struct{ memory }

func (*stubborn) AddSigningKey(context.Context, oauth.SigningKey) error { return oauth.ErrExists }

func TestOpenGivesUp(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), &stubborn{}, options(Options{}))
	require.ErrorContains(t, err, "other processes")
}

func TestReadersAndRefreshAtOnce(t *testing.T) {
	t.Parallel()
	r := open(t, &memory{}, Options{})
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
				errs <- errors.New("no keys for a moment")
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}

// Public members only, the kid recomputed by the book (RFC 7638 §3).
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		alg    string
		input  func(k oauth.PublicKey) string // what the thumbprint is made of
		expect func(t *testing.T, k oauth.PublicKey)
	}{
		{ES256, func(k oauth.PublicKey) string {
			return `{"crv":"P-256","kty":"EC","x":"` + k.X + `","y":"` + k.Y + `"}`
		}, func(t *testing.T, k oauth.PublicKey) {
			require.Len(t, k.X, 43)
			require.Len(t, k.Y, 43)
			require.Empty(t, k.N+k.E)
		}},
		{RS256, func(k oauth.PublicKey) string {
			return `{"e":"AQAB","kty":"RSA","n":"` + k.N + `"}`
		}, func(t *testing.T, k oauth.PublicKey) {
			n, err := b64url.DecodeString(k.N)
			require.NoError(t, err)
			require.Equal(t, rsaBits, new(big.Int).SetBytes(n).BitLen())
			require.Empty(t, k.X+k.Y+k.Curve)
		}},
		{EdDSA, func(k oauth.PublicKey) string {
			return `{"crv":"Ed25519","kty":"OKP","x":"` + k.X + `"}`
		}, func(t *testing.T, k oauth.PublicKey) {
			require.Len(t, k.X, 43)
			require.Empty(t, k.Y+k.N+k.E)
		}},
	} {
		t.Run(c.alg, func(t *testing.T) {
			t.Parallel()
			store := &memory{}
			r := open(t, store, Options{Algorithm: c.alg})
			require.Len(t, r.Keys(), 1)
			k := r.Keys()[0]
			sum := sha256.Sum256([]byte(c.input(k)))
			require.Equal(t, b64url.EncodeToString(sum[:]), k.ID)
			require.Equal(t, c.alg, k.Algorithm)
			require.Equal(t, "sig", k.Use)
			c.expect(t, k)
			require.NotContains(t, string(store.rows[0].Public), `"d"`)
			require.Equal(t, []string{c.alg}, r.Algorithms())
		})
	}
}

// One coordinate in 256 begins with a zero byte, which stays (RFC 7518 §6.2.1.2).
func TestCoordinatesKeepTheirZeros(t *testing.T) {
	t.Parallel()
	for {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		point, err := private.PublicKey.Bytes() // 4 ‖ x ‖ y
		require.NoError(t, err)
		if point[1] != 0 && point[33] != 0 {
			continue
		}
		k, err := show(private.Public(), ES256)
		require.NoError(t, err)
		require.Equal(t, b64url.EncodeToString(point[1:33]), k.X)
		require.Equal(t, b64url.EncodeToString(point[33:]), k.Y)
		return
	}
}
