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

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Algorithm: ES256}, {Algorithm: RS256}, {Algorithm: EdDSA}, {Type: TypeJWT}} {
		t.Run(o.Algorithm+o.Type, func(t *testing.T) {
			t.Parallel()
			r := open(t, &memory{}, o)
			want := claimsAt(epoch)
			token, err := r.Sign(want)
			require.NoError(t, err)
			got, err := r.Verify(token)
			require.NoError(t, err)
			require.Equal(t, want, got)

			foreign(t, r, token)
			fifty(t, r)
		})
	}
}

// foreign verifies a token with another library and the published members alone.
func foreign(t *testing.T, r *Ring, token string) {
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

// rawKey makes a public key of what the JWKS shows.
func rawKey(t *testing.T, k oauth.PublicKey) crypto.PublicKey {
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
	require.Fail(t, "an exotic key", k.KeyType)
	return nil
}

// fifty proves that a token with fifty roles is below the limit, with the longest signature too.
func fifty(t *testing.T, r *Ring) {
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

// The exact members and types of the payload (RFC 9068 §2.2).
func TestPayload(t *testing.T) {
	t.Parallel()
	r := open(t, &memory{}, Options{})
	const times = `"exp":1893554345,"iat":1893553445`
	for _, c := range []struct {
		name   string
		change func(c *oauth.Claims)
		want   string
	}{
		{name: "all", change: func(*oauth.Claims) {}, want: `{"iss":"https://id.example","sub":"7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11",` +
			`"aud":"https://api.example",` + times + `,"jti":"5d4f3c2b","client_id":"web","scope":"profile users:read","sid":"c0ffee",` +
			`"roles":["ROLE_MODERATOR","ROLE_USER"]}`},
		{name: "no session, no roles, no scopes, several audiences", change: func(c *oauth.Claims) {
			c.SessionID, c.Roles, c.Scopes, c.Audience = "", nil, nil, []string{audience, "https://other.example"}
		}, want: `{"iss":"https://id.example","sub":"7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11",` +
			`"aud":["https://api.example","https://other.example"],` + times + `,"jti":"5d4f3c2b","client_id":"web"}`},
		{name: "issuer and audience are ours", change: func(c *oauth.Claims) {
			c.Issuer, c.Audience, c.SessionID, c.Roles, c.Scopes = "", nil, "", nil, nil
		}, want: `{"iss":"https://id.example","sub":"7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11",` +
			`"aud":"https://api.example",` + times + `,"jti":"5d4f3c2b","client_id":"web"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			claims := claimsAt(epoch)
			c.change(&claims)
			token, err := r.Sign(claims)
			require.NoError(t, err)
			segments := strings.Split(token, ".")
			body, err := b64url.DecodeString(segments[1])
			require.NoError(t, err)
			require.Equal(t, c.want, string(body))
			_, err = r.Verify(token)
			require.NoError(t, err)
		})
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	r := open(t, &memory{}, Options{})
	token, err := r.Sign(claimsAt(epoch))
	require.NoError(t, err)
	header, err := b64url.DecodeString(strings.Split(token, ".")[0])
	require.NoError(t, err)
	var members map[string]string
	require.NoError(t, json.Unmarshal(header, &members))
	require.Equal(t, map[string]string{"alg": ES256, "typ": TypeAccessToken, "kid": r.Keys()[0].ID}, members)
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	r := open(t, &memory{}, Options{})
	for _, c := range []struct {
		name   string
		change func(c *oauth.Claims)
		fault  string
	}{
		{name: "no subject", change: func(c *oauth.Claims) { c.Subject = "" }, fault: "needs sub"},
		{name: "no jti", change: func(c *oauth.Claims) { c.ID = "" }, fault: "needs sub"},
		{name: "no client", change: func(c *oauth.Claims) { c.ClientID = "" }, fault: "needs sub"},
		{name: "more than its own verifier reads", change: func(c *oauth.Claims) {
			c.Roles = []string{strings.Repeat("R", maxToken)}
		}, fault: "more than 4096"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			claims := claimsAt(epoch)
			c.change(&claims)
			_, err := r.Sign(claims)
			require.ErrorContains(t, err, c.fault)
		})
	}
}

// A token lives exactly as long as it says, and a leeway more.
func TestTokenExpires(t *testing.T) {
	t.Parallel()
	c := newClock()
	r := open(t, &memory{}, Options{Now: c.Now})
	claims := claimsAt(epoch)
	token, err := r.Sign(claims)
	require.NoError(t, err)
	c.set(claims.ExpiresAt.Add(59 * time.Second))
	_, err = r.Verify(token)
	require.NoError(t, err)
	c.set(claims.ExpiresAt.Add(60 * time.Second))
	_, err = r.Verify(token)
	require.ErrorIs(t, err, oauth.ErrInvalidToken)
}
