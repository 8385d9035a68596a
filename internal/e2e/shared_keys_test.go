package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const realmClaims = `{"user_data": {"name": "{{user.username}} <{{user.email}}>", "verified": "{{user.email_verified}}", "roles": "{{user.roles}}", "plan": 1}}`

// createRealm registers a confidential client whose tokens are for a third party.
func createRealm(t *testing.T, environment []string) (secret, key string) {
	t.Helper()
	got := execute(t, environment, realmClaims, "client", "create", "realm", "--first-party", "--grant", "password", "--grant", "refresh_token",
		"--audience", "app-1", "--access-token-algorithm", "HS256", "--claims", "-")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, `^cs_[A-Za-z0-9_-]{43}\n[A-Za-z0-9_-]{43}\n$`, got.stdout, "standard output has only the secret and the key, for scripts")
	printed := strings.Fields(got.stdout)
	require.NotContains(t, got.stderr, printed[1])
	return printed[0], printed[1]
}

func hmacOf(key, input string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(input))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signedWith reports whether a token is signed with HS256 and a key. It uses nothing but HMAC.
func signedWith(key, token string) bool {
	i := strings.LastIndex(token, ".")
	return hmac.Equal([]byte(hmacOf(key, token[:i])), []byte(token[i+1:]))
}

// forgeShared signs a header and the payload of a token with a shared key.
func forgeShared(key, header, payload string) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + payload
	return input + "." + hmacOf(key, input)
}

// A third party verifies the tokens of a client with the shared key. The service accepts none of them, and
// nothing that is forged with the key.
func TestSharedKeyTokens(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		s := start(t, inst)
		secret, key := createRealm(t, inst.environment())
		asRealm := []string{"client_id", "realm", "client_secret", secret}
		token, refresh := s.devSignIn(t, "moderator", asRealm...)
		got := s.refresh(t, refresh, asRealm...)
		require.Equal(t, http.StatusOK, got.status, got.body)
		refreshed, newest := field(t, got.body, "access_token"), field(t, got.body, "refresh_token")

		own := s.devToken(t, "moderator")
		for _, token := range []string{token, refreshed} {
			segments := strings.Split(token, ".")
			header, err := base64.RawURLEncoding.DecodeString(segments[0])
			require.NoError(t, err)
			require.JSONEq(t, `{"alg": "HS256", "typ": "JWT"}`, string(header))
			require.True(t, signedWith(key, token))
			payload, err := base64.RawURLEncoding.DecodeString(segments[1])
			require.NoError(t, err)
			claims := decode(t, string(payload))
			require.Equal(t, "app-1", claims["aud"])
			require.Equal(t, claim(t, own, "sub"), claims["sub"])
			require.Equal(t, object{
				"name": "moderator <" + field(t, s.get(t, "/api/auth/users/me", own).body, "email") + ">", "verified": true, "roles": []any{"ROLE_MODERATOR"}, "plan": 1.0,
			}, claims["user_data"])
			s.requireNowhereAccepted(t, token, asRealm)

			keyID := field(t, decodeHeader(t, own), "kid")
			for _, alg := range []string{"HS256", "ES256"} {
				for _, typ := range []string{"at+jwt", "JWT"} {
					for _, payload := range []string{segments[1], strings.Split(own, ".")[1]} {
						s.requireNowhereAccepted(t, forgeShared(key, `{"alg":"`+alg+`","typ":"`+typ+`","kid":"`+keyID+`"}`, payload), asRealm)
						s.requireNowhereAccepted(t, forgeShared(key, `{"alg":"`+alg+`","typ":"`+typ+`"}`, payload), asRealm)
					}
				}
			}
		}

		require.NotContains(t, s.get(t, "/.well-known/jwks.json", "").body, `"oct"`)
		introspected := s.post(t, "/introspect", append(asRealm, "token", newest)...)
		require.Equal(t, true, decode(t, introspected.body)["active"], "the refresh token is the service's")
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", append(asRealm, "token", newest)...).status)
		require.Equal(t, http.StatusBadRequest, s.refresh(t, newest, asRealm...).status)
		s.stop()
		require.NotContains(t, s.wholeLog(t), key)
	})
}

// requireNowhereAccepted fails if an endpoint accepts the access token.
func (s *server) requireNowhereAccepted(t *testing.T, token string, as []string) {
	t.Helper()
	for _, path := range []string{"/api/auth/users/me", "/userinfo", "/api/users"} {
		got := s.get(t, path, token)
		require.Equal(t, http.StatusUnauthorized, got.status, path)
		require.Contains(t, got.header.Get("WWW-Authenticate"), "invalid_token")
	}
	for _, client := range [][]string{as, asWeb} {
		got := s.post(t, "/introspect", append(client[:len(client):len(client)], "token", token)...)
		require.JSONEq(t, `{"active": false}`, got.body)
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", append(client[:len(client):len(client)], "token", token)...).status, "it is unknown")
	}
}

// decodeHeader returns the header of a token as JSON.
func decodeHeader(t *testing.T, token string) string {
	t.Helper()
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	require.NoError(t, err)
	return string(header)
}

// A new shared key signs at once, or after a delay in which the third party learns it.
func TestRotateTokenKeyByCommand(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		secret, first := createRealm(t, inst.environment())
		token := func() string { return s.devToken(t, "user", "client_id", "realm", "client_secret", secret) }
		waiting := inst.run(t, "client", "rotate-token-key", "realm", "--delay", "1h")
		require.Zero(t, waiting.code, waiting.stderr)
		require.Contains(t, waiting.stderr, "The old key signs until 20")
		require.True(t, signedWith(first, token()))

		second := strings.TrimSpace(inst.mustRun(t, "client", "rotate-token-key", "realm"))
		require.True(t, signedWith(second, token()))
		require.False(t, signedWith(first, token()))
		require.False(t, signedWith(strings.TrimSpace(waiting.stdout), token()))

		require.Zero(t, inst.runWithInput(t, `{"tenant": "b"}`, "client", "update", "realm", "--claims", "-").code)
		require.Equal(t, "b", claim(t, token(), "tenant"))
		inst.mustRunSilently(t, "client", "update", "realm", "--access-token-algorithm=", "--audience", s.issuer)
		require.Equal(t, "ES256", field(t, decodeHeader(t, token()), "alg"))
		require.Equal(t, "b", claim(t, token(), "tenant"))
		s.requireTokenAccepted(t, token())
		inst.mustRunSilently(t, "client", "update", "realm", "--access-token-algorithm", "HS256", "--audience", "app-2")
		require.True(t, signedWith(second, token()))
	})
}

func TestClientTokenErrors(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.mustRun(t, "migrate", "up")
	create := []string{"client", "create", "x", "--grant", "refresh_token", "--audience", "app-1"}
	for want, c := range map[string]struct {
		input     string
		arguments []string
	}{
		"LATCHKEY_SECRET is not set":                           {arguments: append(create, "--access-token-algorithm", "HS256")},
		"--claims: open missing.json":                          {arguments: append(create, "--claims", "missing.json")},
		"more than 65536 bytes":                                {input: strings.Repeat(" ", 65537), arguments: append(create, "--claims", "-")},
		`the field "user.age" is unknown`:                      {input: `{"a": "{{user.age}}"}`, arguments: append(create, "--claims", "-")},
		`the claim "iss" is reserved`:                          {input: `{"iss": "me"}`, arguments: append(create, "--claims", "-")},
		"the claims are not valid JSON":                        {input: `{`, arguments: append(create, "--claims", "-")},
		"name something to change":                             {arguments: []string{"client", "update", "x"}},
		`client "x" not found`:                                 {arguments: []string{"client", "update", "x", "--name", "X"}},
		"--delay must not be negative":                         {arguments: []string{"client", "rotate-token-key", "x", "--delay=-1s"}},
		"LATCHKEY_SECRET is not set: set LATCHKEY_SECRET_FILE": {arguments: []string{"client", "rotate-token-key", "x"}},
	} {
		got := inst.runWithInput(t, c.input, c.arguments...)
		require.NotZero(t, got.code, want)
		require.Contains(t, got.stderr, want)
	}
}

// After the master secret has been replaced, the shared key is still the same, and the old secret is not
// needed.
func TestSharedKeySurvivesMasterSecret(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		s := start(t, inst, "LATCHKEY_SECRET="+oldSecret)
		secret, key := createRealm(t, inst.environment("LATCHKEY_SECRET="+oldSecret))
		s.stop()
		both := newSecret + "," + oldSecret
		const named = `The shared key of the client "realm" is encrypted with an older master secret.`
		require.Contains(t, keyCommand(t, inst, both, "list").stderr, named)

		s = start(t, inst, "LATCHKEY_SECRET="+both)
		require.True(t, signedWith(key, s.devToken(t, "user", "client_id", "realm", "client_secret", secret)))
		eventually(t, func() bool {
			return !strings.Contains(keyCommand(t, inst, both, "list").stderr, named) && keyCommand(t, inst, newSecret, "list").code == 0
		})
		s.stop()
		s = start(t, inst, "LATCHKEY_SECRET="+newSecret)
		require.True(t, signedWith(key, s.devToken(t, "user", "client_id", "realm", "client_secret", secret)))
	})
}

// Over HTTP, a shared key is shown once, and its rotation is in the audit log.
func TestTokenKeyOverHTTP(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		admin := s.devToken(t, "admin")
		created := s.call(t, admin, "POST /api/clients", object{
			"id": "app", "name": "App", "public": true, "first_party": true, "grants": []string{"password"}, "audiences": []string{"app-1"},
			"access_token_algorithm": "HS256", "claims": object{"big": 9007199254740991, "mail": "{{user.email}}"},
		})
		require.Equal(t, http.StatusCreated, created.status, created.body)
		first := field(t, created.body, "token_key")
		token := func() string { return s.devToken(t, "user", "client_id", "app") }
		require.True(t, signedWith(first, token()))

		rotated := s.call(t, admin, "POST /api/clients/app/token-keys", object{"delay_seconds": 60})
		require.Equal(t, http.StatusCreated, rotated.status, rotated.body)
		require.Contains(t, rotated.body, "next_token_key_at")
		require.True(t, signedWith(first, token()))
		second := field(t, s.call(t, admin, "POST /api/clients/app/token-keys", object{}).body, "token_key")
		require.True(t, signedWith(second, token()))

		got := s.call(t, admin, "PATCH /api/clients/app", object{"claims": object{}})
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.NotContains(t, got.body, "claims")
		shown := s.get(t, "/api/clients/app", admin).body + s.get(t, "/api/clients", admin).body
		events := s.get(t, "/api/audit?action=client.token_key_rotated", admin).body
		require.Equal(t, 2, strings.Count(events, `"client.token_key_rotated"`), events)
		for _, key := range []string{first, second} {
			require.NotContains(t, shown+events+s.wholeLog(t), key)
		}
	})
}
