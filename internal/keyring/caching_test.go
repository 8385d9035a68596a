package keyring

import (
	"crypto"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

const cacheAge = 5 * time.Minute // the max-age of the key set

// verifier is somebody else's API with another library. It asks for the key set when its copy has
// reached the max-age, never before, and refuses a key that it does not know.
type verifier struct {
	clock  *clock
	source *Ring // the replica that answers it
	asked  time.Time
	keys   map[string]crypto.PublicKey
}

func (v *verifier) verify(t *testing.T, token string) error {
	t.Helper()
	if now := v.clock.Now(); v.keys == nil || now.Sub(v.asked) >= cacheAge {
		v.asked, v.keys = now, map[string]crypto.PublicKey{}
		for _, k := range v.source.Keys() {
			v.keys[k.ID] = rawKey(t, k)
		}
	}
	_, err := jwt.Parse(token, func(tok *jwt.Token) (any, error) {
		kid, _ := tok.Header["kid"].(string)
		if k := v.keys[kid]; k != nil {
			return k, nil
		}
		return nil, errors.New("an unknown kid")
	}, jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(time.Minute), jwt.WithTimeFunc(v.clock.Now))
	return err
}

// fleet is three replicas over one store, whose clocks differ as much as they may, and two verifiers.
type fleet struct {
	clock     *clock
	store     *memory
	rings     []*Ring
	verifiers []*verifier
	recent    []string // tokens that have not expired
}

func newFleet(t *testing.T, o Options) *fleet {
	t.Helper()
	f := &fleet{clock: newClock(), store: &memory{}}
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

// tick is ten seconds: every replica signs and then polls, another verifies, and other people's
// verifiers do. It gives the number of their refusals.
func (f *fleet) tick(t *testing.T) int {
	t.Helper()
	f.clock.add(10 * time.Second)
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

// old verifies what was signed up to a quarter of an hour ago, and forgets it.
func (f *fleet) old(t *testing.T) int {
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

// Thirty rotations with the shortest lead that is allowed: nobody ever meets a key that he does not
// know. Only the hours about each rotation are lived through second by second.
func TestRotationsAndCachingVerifiers(t *testing.T) {
	t.Parallel()
	o := Options{}
	o.Prepublish = withDefaults(o).LeastLead()
	f := newFleet(t, o)
	kids := map[string]bool{}
	for i := range 30 {
		begun := f.rings[0].keys.Load().newest().row.SignsFrom
		// The verifiers' caches are of another age each time that the next key is published.
		lead := o.Prepublish + time.Minute + time.Duration(i)*10*time.Second
		f.clock.set(begun.Add(30*24*time.Hour - lead))
		f.recent = nil
		for range int((lead + 3*time.Minute) / (10 * time.Second)) {
			require.Zero(t, f.tick(t))
		}
		require.Zero(t, f.old(t))
		kids[f.rings[0].keys.Load().signer(f.clock.Now()).row.ID] = true
		require.LessOrEqual(t, len(f.store.rows), 2, "the one before the last is gone")
	}
	require.Len(t, kids, 30)
}

// The verifiers of the test above are as strict as they should be: a key that signs at once is
// unknown to them, which is why Rotate refuses to make one.
func TestNoLeadIsMet(t *testing.T) {
	t.Parallel()
	f := newFleet(t, Options{})
	require.Zero(t, f.tick(t))
	_, err := f.rings[0].Rotate(t.Context(), f.rings[0].o.LeastLead()-time.Second, false)
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
