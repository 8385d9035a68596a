package bearer_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api/bearer"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	v := newService().verifier(t)
	got, err := v.Verify(t.Context(), validToken("aud", []string{"https://other.example.com", audience}, "tenant", "acme"))
	require.NoError(t, err)
	require.Equal(t, "alice", got.Subject)
	require.Equal(t, "web", got.ClientID)
	require.Equal(t, "s1", got.SessionID)
	require.Equal(t, "1", got.TokenID)
	require.Equal(t, []string{"https://other.example.com", audience}, got.Audience)
	require.Equal(t, []string{"profile", "reports:read"}, got.Scopes)
	require.Equal(t, []string{"ROLE_USER"}, got.Roles)
	require.Equal(t, 15*time.Minute, got.ExpiresAt.Sub(got.IssuedAt))
	require.Equal(t, time.UTC, got.IssuedAt.Location())
	require.False(t, got.IsClient())
	var own struct{ Tenant string }
	require.NoError(t, got.Claims(&own))
	require.Equal(t, "acme", own.Tenant)

	got, err = v.Verify(t.Context(), validToken("sub", "web", "roles", nil))
	require.NoError(t, err)
	require.True(t, got.IsClient())
}

// header returns a valid token with other header members.
func header(members ...any) string {
	return signWith(jwt.SigningMethodES256, ecKey, tokenClaims(), members...)
}

// acceptedTokens are tokens of each kind of key, and with what does no harm.
func acceptedTokens() map[string]string {
	now := time.Now().Unix()
	return map[string]string{
		"ES256":                     validToken(),
		"RS256":                     signWith(jwt.SigningMethodRS256, rsaKey, tokenClaims(), "kid", "rsa"),
		"EdDSA":                     signWith(jwt.SigningMethodEdDSA, edKey, tokenClaims(), "kid", "ed"),
		"typ with prefix":           header("typ", "application/AT+JWT"),
		"expired within the leeway": validToken("exp", now-5),
		"nbf within the leeway":     validToken("nbf", now+5),
		"unknown header member":     header("note", "harmless"),
	}
}

// malformedTokens are not compact JWTs, or have been changed.
func malformedTokens() map[string]string {
	valid := validToken()
	parts := strings.Split(valid, ".")
	return map[string]string{
		"empty":           "",
		"one segment":     "abc",
		"two segments":    parts[0] + "." + parts[1],
		"four segments":   valid + ".x",
		"many dots":       strings.Repeat(".", 10_000),
		"huge":            validToken("junk", strings.Repeat("x", 20_000)),
		"huge header":     header("junk", strings.Repeat("x", 2_000)),
		"line break":      valid[:20] + "\n" + valid[20:],
		"padding":         valid + "=",
		"standard base64": parts[0] + "." + parts[1] + "." + strings.Repeat("+", 86),
		"changed payload": parts[0] + "." + b64([]byte(`{"sub":"mallory"}`)) + "." + parts[2],
	}
}

// forgedHeaders are tokens whose header names another key, algorithm or type. The key "other" is not published.
func forgedHeaders(t *testing.T) map[string]string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	parts := strings.Split(validToken(), ".")
	return map[string]string{
		"alg none":                       signWith(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, tokenClaims()),
		"no signature":                   parts[0] + "." + parts[1] + ".",
		"HS256 with the public PEM":      signWith(jwt.SigningMethodHS256, publicPEM, tokenClaims(), "kid", "rsa"),
		"HS256 with the public DER":      signWith(jwt.SigningMethodHS256, der, tokenClaims(), "kid", "rsa"),
		"RS384":                          signWith(jwt.SigningMethodRS384, rsaKey, tokenClaims(), "kid", "rsa"),
		"PS256":                          signWith(jwt.SigningMethodPS256, rsaKey, tokenClaims(), "kid", "rsa"),
		"ES256 with the kid of RSA":      header("kid", "rsa"),
		"RS256 in the header of ES256":   header("alg", "RS256"),
		"another key":                    signWith(jwt.SigningMethodES256, otherKey, tokenClaims()),
		"unknown kid":                    header("kid", "other"),
		"no kid":                         header("kid", nil),
		"kid is no string":               header("kid", 1),
		"jwk":                            header("jwk", map[string]any{"kty": "EC"}),
		"jku":                            header("jku", "https://evil.example.com/jwks.json"),
		"x5u":                            header("x5u", "https://evil.example.com/x.pem"),
		"x5c":                            header("x5c", []string{"MIIB"}),
		"crit":                           header("crit", []string{"exp"}),
		"empty crit":                     header("crit", []string{}),
		"b64":                            header("b64", false),
		"typ JWT":                        header("typ", "JWT"),
		"no typ":                         header("typ", nil),
		"typ of the list of revocations": header("typ", "revocations+jwt"),
	}
}

// wrongClaims are well-signed tokens with claims that are missing, of the wrong type or not for us.
func wrongClaims() map[string]string {
	now := time.Now().Unix()
	return map[string]string{
		"wrong issuer":                validToken("iss", "https://evil.example.com"),
		"issuer with a slash":         validToken("iss", issuer+"/"),
		"no issuer":                   validToken("iss", nil),
		"another audience":            validToken("aud", "https://other.example.com"),
		"audience that contains ours": validToken("aud", audience+".evil.example.com"),
		"other audiences":             validToken("aud", []string{"a", "b"}),
		"no audience":                 validToken("aud", nil),
		"expired":                     validToken("exp", now-31),
		"no exp":                      validToken("exp", nil),
		"exp is text":                 validToken("exp", "9999999999"),
		"exp is a fraction":           validToken("exp", float64(now)+900.5),
		"exp is beyond all numbers":   validToken("exp", 1e308),
		"negative exp":                validToken("exp", -1),
		"nbf in the future":           validToken("nbf", now+60),
		"issued in the future":        validToken("iat", now+60),
		"no iat":                      validToken("iat", nil),
		"no sub":                      validToken("sub", nil),
		"empty sub":                   validToken("sub", ""),
		"sub is a number":             validToken("sub", 1),
		"no client_id":                validToken("client_id", nil),
	}
}

// What a Verifier accepts and refuses. The service has three keys.
func TestTokens(t *testing.T) {
	t.Parallel()
	v := newService().verifier(t)
	for want, groups := range map[int][]map[string]string{
		http.StatusOK:           {acceptedTokens()},
		http.StatusUnauthorized: {malformedTokens(), forgedHeaders(t), wrongClaims()},
	} {
		for _, tokens := range groups {
			for name, token := range tokens {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					require.Equal(t, want, status(v, token))
				})
			}
		}
	}
}

// The last character of an ES256 signature has bits that are not used; only 0 is accepted.
func TestSignatureIsCanonical(t *testing.T) {
	t.Parallel()
	v := newService().verifier(t)
	token := validToken()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	require.Equal(t, http.StatusUnauthorized, status(v, token[:len(token)-1]+alphabet[last+1:last+2]))
}

// A service with LATCHKEY_TOKEN_TYPE=JWT.
func TestTokenType(t *testing.T) {
	t.Parallel()
	v := newService().verifier(t, func(c *bearer.Config) { c.TokenType = "JWT" })
	require.Equal(t, 200, status(v, signWith(jwt.SigningMethodES256, ecKey, tokenClaims(), "typ", "JWT")))
	require.Equal(t, 401, status(v, validToken()))
}

func FuzzVerify(f *testing.F) {
	v := newService().verifier(f)
	valid := validToken()
	f.Add(valid)
	f.Add("..")
	f.Add(signWith(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, tokenClaims()))
	f.Fuzz(func(t *testing.T, token string) {
		got, err := v.Verify(t.Context(), token)
		if err == nil && (token != valid || got.Subject != "alice") {
			t.Fatalf("accepted %q", token)
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"","y":""}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"1","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		keys, err := bearer.ParseKeys(raw)
		if err == nil && len(keys) == 0 {
			t.Fatal("no key and no error")
		}
	})
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	x, y := strings.Repeat("A", 43), strings.Repeat("A", 43)
	point := must(ecKey.PublicKey.Bytes())
	good := `{"kty":"EC","crv":"P-256","kid":"1","x":"` + b64(point[1:33]) + `","y":"` + b64(point[33:]) + `"}`
	for name, c := range map[string]struct {
		set  string
		want int // number of keys; 0: an error
	}{
		"one key":               {`[` + good + `]`, 1},
		"unknown ones left out": {`[1, {"kty":"oct","kid":"2","k":"AAAA"}, ` + good + `]`, 1},
		"no key":                {`[]`, 0},
		"for encryption":        {`[` + strings.Replace(good, `"kty"`, `"use":"enc","kty"`, 1) + `]`, 0},
		"another algorithm":     {`[` + strings.Replace(good, `"kty"`, `"alg":"ES384","kty"`, 1) + `]`, 0},
		"no kid":                {`[` + strings.Replace(good, `"kid":"1",`, ``, 1) + `]`, 0},
		"same kid twice":        {`[` + good + `,` + good + `]`, 0},
		"not on the curve":      {`[{"kty":"EC","crv":"P-256","kid":"1","x":"` + x + `","y":"` + y + `"}]`, 0},
		"P-384":                 {`[{"kty":"EC","crv":"` + elliptic.P384().Params().Name + `","kid":"1","x":"AA","y":"AA"}]`, 0},
		"short RSA key":         {`[{"kty":"RSA","kid":"1","n":"` + strings.Repeat("_", 170) + `","e":"AQAB"}]`, 0},
		"even RSA exponent":     {`[{"kty":"RSA","kid":"1","n":"` + b64(rsaKey.N.Bytes()) + `","e":"AA"}]`, 0},
		"short Ed25519 key":     {`[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"AAAA"}]`, 0},
		"not a list":            {`{}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, err := bearer.ParseKeys([]byte(`{"keys":` + c.set + `}`))
			require.Len(t, keys, c.want)
			require.Equal(t, c.want == 0, err != nil)
		})
	}
}
