package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// go-oidc discovers the keys from the issuer and verifies tokens of every signing algorithm.
func TestVerifyByDiscovery(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := start(t, newSQLite(t), "LATCHKEY_ISSUER=", "LATCHKEY_SIGNING_ALGORITHM="+algorithm)
			ctx := oidc.ClientContext(t.Context(), s.httpClient(t))
			provider, err := oidc.NewProvider(ctx, s.issuer)
			require.NoError(t, err)
			verifier := provider.Verifier(&oidc.Config{SkipClientIDCheck: true})
			token, err := verifier.Verify(ctx, s.devToken(t, "moderator"))
			require.NoError(t, err)
			require.Equal(t, []string{s.issuer}, token.Audience)
			var claims struct {
				Roles []string `json:"roles"`
				Scope string   `json:"scope"`
			}
			require.NoError(t, token.Claims(&claims))
			require.Equal(t, []string{"ROLE_MODERATOR"}, claims.Roles)
			require.Equal(t, "profile users:read", claims.Scope)
			_, err = verifier.Verify(ctx, s.devToken(t, "user")+"A")
			require.Error(t, err)
		})
	}
}

// golang-jwt, which knows nothing of OpenID, verifies a token with a key of the key set (RFC 7517). The
// token has the header and claims of RFC 9068.
func TestVerifyByJWTLibrary(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		set := s.get(t, "/.well-known/jwks.json", "")
		text := s.devToken(t, "user")
		claims := jwt.MapClaims{}
		token, err := jwt.NewParser(
			jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(s.issuer), jwt.WithAudience(s.issuer),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		).ParseWithClaims(text, claims, func(token *jwt.Token) (any, error) { return publicKey(set.body, token.Header["kid"]) })
		require.NoError(t, err)
		require.Equal(t, "at+jwt", token.Header["typ"])
		require.Len(t, token.Header, 3)

		me := s.get(t, "/api/auth/users/me", text).body
		require.Equal(t, field(t, me, "id"), claims["sub"])
		require.Equal(t, "latchkey-public", claims["client_id"])
		require.Equal(t, "profile", claims["scope"])
		require.Equal(t, []any{"ROLE_USER"}, claims["roles"])
		require.InDelta(t, 900, claims["exp"].(float64)-claims["iat"].(float64), 0) //nolint:forcetypeassert // a panic fails the test
		require.NotEmpty(t, claims["jti"])
		require.NotEmpty(t, claims["sid"])
		require.NotContains(t, claims, "nbf")
		require.NotContains(t, claims, "email")
	})
}

// publicKey returns a P-256 key of a key set.
func publicKey(set string, kid any) (*ecdsa.PublicKey, error) {
	var parsed struct {
		Keys []struct{ Kid, Crv, X, Y string }
	}
	if err := json.Unmarshal([]byte(set), &parsed); err != nil {
		return nil, err
	}
	for _, k := range parsed.Keys {
		if k.Kid != kid || k.Crv != "P-256" {
			continue
		}
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if err := errors.Join(errX, errY); err != nil {
			return nil, err
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y)) // SEC 1 §2.3.3
	}
	return nil, fmt.Errorf("no key %v", kid)
}
