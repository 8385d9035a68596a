package echobearer_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api/bearer"
	"github.com/latchkey-auth/latchkey/api/bearer/echobearer"
)

const issuer = "https://auth.example.com"

// newVerifier returns a Verifier of a service with one key, and a token of the user alice.
func newVerifier(t *testing.T) (v *bearer.Verifier, token string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"%s"}]}`, base64.RawURLEncoding.EncodeToString(public))
	}))
	t.Cleanup(server.Close)
	v, err = bearer.New(bearer.Config{Issuer: issuer, Audience: issuer, URL: server.URL})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	now := time.Now().Unix()
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": issuer, "aud": issuer, "sub": "alice", "client_id": "web", "iat": now, "exp": now + 900})
	unsigned.Header["typ"], unsigned.Header["kid"] = "at+jwt", "1"
	token, err = unsigned.SignedString(private)
	require.NoError(t, err)
	return v, token
}

func TestRequire(t *testing.T) {
	t.Parallel()
	v, token := newVerifier(t)
	e := echo.New()
	hello := func(c echo.Context) error {
		identity, err := echobearer.Identity(c)
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, identity.Subject)
	}
	e.GET("/me", hello, echobearer.Require(v))
	e.GET("/admin", hello, echobearer.Require(v, bearer.AnyRole("ROLE_ADMIN")))
	e.GET("/forgotten", hello)
	for path, want := range map[string]int{"/me": 200, "/admin": 403, "/forgotten": 500} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, path)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/me", nil))
	require.Equal(t, 401, w.Code)
	require.Equal(t, `Bearer realm="`+issuer+`"`, w.Header().Get("WWW-Authenticate"))
}
