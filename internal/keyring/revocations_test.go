package keyring

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// Another library verifies a list with the published keys. Verify takes none for an access token.
func TestSignRevocations(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Algorithm: ES256}, {Algorithm: RS256}, {Algorithm: EdDSA}, {Type: TypeJWT}} {
		t.Run(o.Algorithm+o.Type, func(t *testing.T) {
			t.Parallel()
			r := open(t, &memoryStore{}, o)
			token, err := r.SignRevocations(Revocations{
				Issuer: issuer, IssuedAt: epoch, ExpiresAt: epoch.Add(time.Minute), AsOf: epoch.Add(-time.Second),
				After: "1", Cursor: "2", More: true, Ended: map[string]time.Time{"s1": epoch.Add(time.Hour)},
			})
			require.NoError(t, err)
			published := r.Keys()[0]
			var claims jwt.MapClaims
			parsed, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return rawKey(t, published), nil },
				jwt.WithValidMethods([]string{published.Algorithm}), jwt.WithTimeFunc(r.o.Now))
			require.NoError(t, err)
			require.Equal(t, map[string]any{"alg": published.Algorithm, "typ": "revocations+jwt", "kid": published.ID}, parsed.Header)
			require.Equal(t, jwt.MapClaims{
				"iss": issuer, "iat": float64(epoch.Unix()), "exp": float64(epoch.Unix() + 60), "as_of": float64(epoch.Unix() - 1),
				"after": "1", "cursor": "2", "more": true, "ended": map[string]any{"s1": float64(epoch.Unix() + 3600)},
			}, claims)
			_, err = r.Verify(token)
			require.ErrorIs(t, err, ErrInvalidToken)
		})
	}
}
