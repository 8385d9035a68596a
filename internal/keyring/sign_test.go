package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Algorithm: ES256}, {Algorithm: RS256}, {Algorithm: EdDSA}, {Type: TypeJWT}} {
		t.Run(o.Algorithm+o.Type, func(t *testing.T) {
			t.Parallel()
			r := open(t, &memoryStore{}, o)
			want := claimsAt(epoch)
			token, err := r.Sign(want)
			require.NoError(t, err)
			got, err := r.Verify(token)
			require.NoError(t, err)
			require.Equal(t, want, got)

			requireOtherLibraryVerifies(t, r, token)
			requireFiftyRolesFit(t, r)
		})
	}
}

// The typ depends on the audience, and Verify accepts only the one that Sign writes.
func TestTypeOfAudience(t *testing.T) {
	t.Parallel()
	const orders = "https://orders.example"
	store := &memoryStore{}
	ring := open(t, store, Options{JWTFor: []string{orders}})
	for name, c := range map[string]struct {
		audience []string
		want     string
	}{
		"the service":          {audience: []string{audience}, want: TypeAccessToken},
		"none, so the service": {want: TypeAccessToken},
		"both":                 {audience: []string{audience, orders}, want: TypeJWT},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims := claimsAt(epoch)
			claims.Audience = c.audience
			token, err := ring.Sign(claims)
			require.NoError(t, err)
			header, err := b64url.DecodeString(token[:strings.IndexByte(token, '.')])
			require.NoError(t, err)
			require.Contains(t, string(header), `"typ":"`+c.want+`"`)
			_, err = ring.Verify(token)
			require.NoError(t, err)
		})
	}
	k := ring.keys.Load().signer(epoch)
	for typ, aud := range map[string][]string{TypeJWT: {audience}, TypeAccessToken: {audience, orders}} {
		claims := claimsAt(epoch)
		claims.Audience = aud
		body, err := ring.encode(claims)
		require.NoError(t, err)
		token, err := compact(body, k.signature(), k.private, map[string]string{"typ": typ, "kid": k.row.ID})
		require.NoError(t, err)
		_, err = ring.Verify(token)
		require.ErrorIs(t, err, ErrInvalidToken)
		require.ErrorIs(t, err, errWrongType, "typ %s for %v", typ, aud)
	}
}

// requireOtherLibraryVerifies verifies a token with another library and only the published keys.
func requireOtherLibraryVerifies(t *testing.T, r *Ring, token string) {
	t.Helper()
	published := r.Keys()[0]
	_, err := jwt.Parse(token, func(tok *jwt.Token) (any, error) {
		require.Equal(t, published.ID, tok.Header["kid"])
		require.Equal(t, r.o.Type, tok.Header["typ"])
		require.Len(t, tok.Header, 3)
		return rawKey(t, published), nil
	}, jwt.WithValidMethods([]string{published.Algorithm}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(r.o.Now))
	require.NoError(t, err)
}

// rawKey returns the public key that a member of the JWKS describes.
func rawKey(t *testing.T, k PublicKey) crypto.PublicKey {
	t.Helper()
	number := func(s string) []byte {
		b, err := b64url.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	switch k.KeyType {
	case "EC":
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, number(k.X)...), number(k.Y)...))
		require.NoError(t, err)
		return key
	case "RSA":
		return &rsa.PublicKey{N: new(big.Int).SetBytes(number(k.N)), E: int(new(big.Int).SetBytes(number(k.E)).Int64())}
	case "OKP":
		return ed25519.PublicKey(number(k.X))
	}
	require.Fail(t, "unknown key type", k.KeyType)
	return nil
}

// requireFiftyRolesFit checks that a token with fifty roles is within the limit.
func requireFiftyRolesFit(t *testing.T, r *Ring) {
	t.Helper()
	c := claimsAt(epoch)
	c.Roles = nil
	for i := range 50 {
		c.Roles = append(c.Roles, fmt.Sprintf("ROLE_OF_THE_DEPARTMENT_%02d", i))
	}
	token, err := r.Sign(c)
	require.NoError(t, err)
	got, err := r.Verify(token)
	require.NoError(t, err)
	require.Equal(t, c.Roles, got.Roles)
}

func TestHeader(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	token, err := r.Sign(claimsAt(epoch))
	require.NoError(t, err)
	header, err := b64url.DecodeString(strings.Split(token, ".")[0])
	require.NoError(t, err)
	var members map[string]string
	require.NoError(t, json.Unmarshal(header, &members))
	require.Equal(t, map[string]string{"alg": ES256, "typ": TypeAccessToken, "kid": r.Keys()[0].ID}, members)
}

func TestSignRejects(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, Options{})
	for _, c := range []struct {
		name   string
		change func(c *Claims)
		want   string // in the error
	}{
		{name: "no subject", change: func(c *Claims) { c.Subject = "" }, want: "needs sub"},
		{name: "no jti", change: func(c *Claims) { c.ID = "" }, want: "needs sub"},
		{name: "no client", change: func(c *Claims) { c.ClientID = "" }, want: "needs sub"},
		{name: "too long for Verify", change: func(c *Claims) {
			c.Roles = []string{strings.Repeat("R", maxToken)}
		}, want: "limit of 4096"},
		{name: "an extra claim named as another", change: func(c *Claims) {
			c.Extra = map[string]any{"sub": "admin"}
		}, want: "duplicate name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			claims := claimsAt(epoch)
			c.change(&claims)
			_, err := r.Sign(claims)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// A token is valid until its expiry plus the leeway.
func TestTokenExpires(t *testing.T) {
	t.Parallel()
	c := newClock()
	r := open(t, &memoryStore{}, Options{Now: c.Now})
	claims := claimsAt(epoch)
	token, err := r.Sign(claims)
	require.NoError(t, err)
	c.set(claims.ExpiresAt.Add(59 * time.Second))
	_, err = r.Verify(token)
	require.NoError(t, err)
	c.set(claims.ExpiresAt.Add(60 * time.Second))
	_, err = r.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken)
}

func BenchmarkSign(b *testing.B) {
	r, err := Open(b.Context(), &memoryStore{}, options(Options{}))
	require.NoError(b, err)
	for b.Loop() {
		_, err = r.Sign(claimsAt(r.now()))
	}
	require.NoError(b, err)
}
