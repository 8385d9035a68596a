package keyring

import (
	"crypto"
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// verifier is an API that verifies tokens with another library. It fetches the JWKS only when its copy
// has reached the max-age, and rejects tokens with an unknown kid.
type verifier struct {
	clock   *clock
	source  *Ring // the replica from which it fetches the JWKS
	fetched time.Time
	keys    map[string]crypto.PublicKey
}

func (v *verifier) verify(t *testing.T, token string) error {
	t.Helper()
	if now := v.clock.Now(); v.keys == nil || now.Sub(v.fetched) >= CacheAge {
		v.fetched, v.keys = now, map[string]crypto.PublicKey{}
		for _, k := range v.source.Keys() {
			v.keys[k.ID] = rawKey(t, k)
		}
	}
	_, err := jwt.Parse(token, func(tok *jwt.Token) (any, error) {
		kid, _ := tok.Header["kid"].(string)
		if k := v.keys[kid]; k != nil {
			return k, nil
		}
		return nil, errors.New("unknown kid")
	}, jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(time.Minute), jwt.WithTimeFunc(v.clock.Now))
	return err
}

// fleet is three replicas with one store and the largest allowed clock skew, and two verifiers.
type fleet struct {
	clock     *clock
	store     *memoryStore
	rings     []*Ring
	verifiers []*verifier
	recent    []string // tokens signed since the last call of refusedRecent
}

func newFleet(t *testing.T, o Options) *fleet {
	t.Helper()
	f := &fleet{clock: newClock(), store: &memoryStore{}}
	for i := range 3 {
		skew := time.Duration(i-1) * 30 * time.Second
		o.Now = func() time.Time { return f.clock.Now().Add(skew) }
		f.rings = append(f.rings, open(t, f.store, o))
	}
	for i := range 2 {
		f.verifiers = append(f.verifiers, &verifier{clock: f.clock, source: f.rings[2*i]})
	}
	return f
}

// tick advances the clock by ten seconds. Every replica signs a token, which another replica and the
// verifiers verify, and then polls. tick returns how many tokens the verifiers refused.
func (f *fleet) tick(t *testing.T) int {
	t.Helper()
	f.clock.add(Poll)
	refused := 0
	for i, r := range f.rings {
		token := mint(t, r)
		f.recent = append(f.recent, token)
		_, err := f.rings[(i+1)%len(f.rings)].Verify(token)
		require.NoError(t, err)
		for _, v := range f.verifiers {
			if v.verify(t, token) != nil {
				refused++
			}
		}
		require.NoError(t, r.Maintain(t.Context()))
	}
	return refused
}

// refusedRecent has a verifier check the recent tokens again, and returns how many it refused.
func (f *fleet) refusedRecent(t *testing.T) int {
	t.Helper()
	refused := 0
	for _, token := range f.recent {
		if f.verifiers[0].verify(t, token) != nil {
			refused++
		}
	}
	f.recent = nil
	return refused
}

var rotations = flag.Int("keyring.rotations", 10, "rotations of the signing key that verifiers with a cache see")

// Verifiers that cache the JWKS never see a token with an unknown key, in many rotations with the
// shortest allowed lead. The clock jumps to a few minutes before each rotation.
func TestCachingVerifiersKnowEveryKey(t *testing.T) {
	t.Parallel()
	o := Options{Prepublish: LeastLead}
	f := newFleet(t, o)
	kids := map[string]bool{}
	for i := range *rotations {
		started := f.rings[0].keys.Load().newest().row.SignsFrom
		// The age of the verifiers' caches at publication differs from one rotation to the next.
		lead := o.Prepublish + time.Minute + CacheAge*time.Duration(i)/time.Duration(*rotations)
		f.clock.set(started.Add(30*24*time.Hour - lead))
		f.recent = nil
		for range int((lead + 3*time.Minute) / Poll) {
			require.Zero(t, f.tick(t))
		}
		require.Zero(t, f.refusedRecent(t))
		kids[f.rings[0].keys.Load().signer(f.clock.Now()).row.ID] = true
		require.LessOrEqual(t, len(f.store.rows), 2, "only the current and the previous key are left")
	}
	require.Len(t, kids, *rotations)
}

// A key that signs at once is unknown to the verifiers of the test above, which shows that the test can
// fail, and why Rotate refuses such a key.
func TestCachingVerifiersRefuseAKeyWithoutLead(t *testing.T) {
	t.Parallel()
	f := newFleet(t, Options{})
	require.Zero(t, f.tick(t))
	_, err := f.rings[0].Rotate(t.Context(), LeastLead-time.Second, false)
	require.ErrorContains(t, err, "6m20s")
	require.Zero(t, f.tick(t))
	_, err = f.rings[0].Rotate(t.Context(), 0, true)
	require.NoError(t, err)
	refused := 0
	for range 20 {
		refused += f.tick(t)
	}
	require.Positive(t, refused)
}
