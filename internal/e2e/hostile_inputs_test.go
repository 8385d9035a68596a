package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// A wrong password gets the same response for a hash of another system.
func TestHostileLegacyHash(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		hash, err := bcrypt.GenerateFromPassword([]byte("from another system"), 5)
		require.NoError(t, err)
		inst.withStore(t, func(ctx context.Context, s store) {
			require.NoError(t, s.CreateUser(ctx, newUser("legacy", string(hash), "ROLE_USER"), audit.Change{}))
		})
		s := start(t, inst)
		want := s.login(t, "user", "wrong")
		require.Equal(t, http.StatusBadRequest, want.status)
		for username, password := range map[string]string{"legacy": "wrong", "LEGACY": "wrong too", "nobody": "from another system"} {
			got := s.login(t, username, password)
			for _, header := range []string{"Date", "X-Request-Id"} {
				got.header.Del(header)
				want.header.Del(header)
			}
			require.Equal(t, want, got, username)
		}
	})
}

// All spellings of a name share the user's attempts, known or unknown.
func TestHostileSpellings(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		for _, spellings := range [][]string{
			{"user", "User", " user ", "ＵＳＥＲ", "USER@example.com", "user@EXAMPLE.com"},
			{"nobody", "NoBody", "nobody\t", "ｎｏｂｏｄｙ"},
			{"straße", "STRASSE", "Straße"},
		} {
			verified := 0
			for n := range 24 {
				got := s.from(fmt.Sprintf("198.18.1.%d", n)).login(t, spellings[n%len(spellings)], fmt.Sprintf("wrong %d", n))
				if got.status == http.StatusBadRequest {
					verified++
				} else {
					require.Equal(t, http.StatusTooManyRequests, got.status, got.body)
				}
			}
			if strings.Contains(spellings[1], "User") {
				require.LessOrEqual(t, verified, 20, "by name at most 10, and by address at most 10")
			} else {
				require.LessOrEqual(t, verified, 10, "%q", spellings)
			}
		}
	})
}

// Unusual passwords are the same at sign-up and at sign-in, and no other text is.
func TestHostilePasswords(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		for i, password := range []string{
			strings.Repeat("😀", 256), "  leading and trailing  ", "\u202eright to left\u202c", "zero\u200bwidth\u200djoiner",
			"'; DROP TABLE users; --", `"\"\\u0000{{.}}${jndi:x}`, "%00%0d%0a%s%n+&=", strings.Repeat("a", 71) + "bc", strings.Repeat("é", 12),
		} {
			from := s.from(fmt.Sprintf("198.18.2.%d", i))
			username := fmt.Sprint("unusual", i)
			from.mustSignUp(t, username, password)
			from.token(t, username, password)
			from.requireLoginFails(t, username, password+" ")
			from.requireLoginFails(t, username, strings.TrimSuffix(password, password[len(password)-1:])+"\u0301")
		}
	})
}

// Forged access tokens, and refresh tokens in their place, are refused without a call to the addresses
// in them.
func TestHostileAccessTokens(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { _ = listener.Close() }()
		called := make(chan struct{}, 1)
		go func() {
			if _, err := listener.Accept(); err == nil {
				called <- struct{}{}
			}
		}()
		access, refresh := s.devSignIn(t, "admin")
		s.requireTokenAccepted(t, access)
		for name, token := range forgedTokens(t, s, access, "http://"+listener.Addr().String()) {
			got := s.get(t, "/api/auth/users/me", token)
			require.Equal(t, http.StatusUnauthorized, got.status, name)
			require.Contains(t, got.header.Get("WWW-Authenticate"), `error="invalid_token"`, name)
			require.NotContains(t, got.body, token, name)
		}
		s.requireTokenRejected(t, refresh)
		require.Empty(t, called)
		s.requireTokenAccepted(t, access)
		s.requireHealthy(t)
	})
}

// forgedTokens returns tokens made from a valid one by somebody who knows only public keys.
func forgedTokens(t *testing.T, s *server, valid, url string) map[string]string {
	t.Helper()
	parts := strings.Split(valid, ".")
	encode := base64.RawURLEncoding.EncodeToString
	raw, err := base64.RawURLEncoding.DecodeString(parts[0])
	require.NoError(t, err)
	kid := field(t, string(raw), "kid")
	set := s.get(t, "/.well-known/jwks.json", "").body
	public, err := publicKey(set, kid)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	jwk, err := json.Marshal(decode(t, set)["keys"].([]any)[0])
	require.NoError(t, err)
	with := func(members string) string {
		return encode([]byte(`{"kid":"` + kid + `","typ":"at+jwt",` + members + `}`))
	}
	mac := func(key []byte) string {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(with(`"alg":"HS256"`) + "." + parts[1]))
		return with(`"alg":"HS256"`) + "." + parts[1] + "." + encode(h.Sum(nil))
	}
	flipped := []byte(parts[1])
	flipped[len(flipped)/2] ^= 1
	all := map[string]string{
		"HS256 with PEM": mac(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), "HS256 with DER": mac(der), "HS256 with a JWK": mac(jwk),
		"HS256 with nothing": mac(nil), "no signature": parts[0] + "." + parts[1] + ".", "a changed claim": parts[0] + "." + string(flipped) + "." + parts[2],
		"dots": strings.Repeat(".", 12_000), "five segments": valid + ".AAAA.AAAA", "a line of JSON": `{"payload":"` + parts[1] + `","signatures":[]}`,
	}
	for _, members := range []string{
		`"alg":"none"`, `"alg":"None"`, `"alg":"nOnE"`, `"alg":"ES256","crit":["exp"]`, `"alg":"ES256","crit":[]`, `"alg":"ES256","b64":false`,
		`"alg":"ES256","jku":"` + url + `/jwks.json"`, `"alg":"ES256","x5u":"` + url + `/c.pem"`, `"alg":"ES256","kid":"` + url + `"`,
		`"alg":"ES256","jwk":` + string(jwk), `"alg":"ES256","x5c":["` + base64.StdEncoding.EncodeToString(der) + `"]`, `"alg":"ES256","zip":"DEF"`,
	} {
		all[members] = with(members) + "." + parts[1] + "." + parts[2]
		all[members+", unsigned"] = with(members) + "." + parts[1] + "."
	}
	own, err := ecdsa.GenerateKey(public.Curve, rand.Reader)
	require.NoError(t, err)
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := ecdsa.SignASN1(rand.Reader, own, digest[:])
	require.NoError(t, err)
	all["a foreign key"] = parts[0] + "." + parts[1] + "." + encode(signature)
	return all
}

// What a stranger claims about the connection changes neither the issuer nor the audit log.
func TestHostileForwarding(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		spoofed := map[string]string{
			"X-Forwarded-For": "203.0.113.66", "X-Real-Ip": "203.0.113.66", "Forwarded": `for=203.0.113.66;host=evil.example;proto=https`,
			"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "X-Forwarded-Server": "evil.example",
			"X-Forwarded-Prefix": "/evil", "X-Original-Url": "/api/users", "X-Rewrite-Url": "/api/users", "X-Original-Host": "evil.example",
			"True-Client-Ip": "203.0.113.66", "Cf-Connecting-Ip": "203.0.113.66", "Client-Ip": "203.0.113.66", "X-Client-Ip": "203.0.113.66",
			"X-Cluster-Client-Ip": "203.0.113.66", "Front-End-Https": "on", "X-Http-Method-Override": "DELETE",
		}
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/", "/healthz"} {
			r := s.newRequest(t, "GET "+path, "", "")
			r.Host = "evil.example"
			for name, value := range spoofed {
				r.Header.Set(name, value)
			}
			got := send(t, s.httpClient(t), r)
			require.Equal(t, http.StatusOK, got.status, path)
			require.NotContains(t, got.body+fmt.Sprint(got.header), "evil", path)
			require.NotContains(t, got.body, "203.0.113.66", path)
			if strings.Contains(path, "known") {
				require.Equal(t, testIssuer, field(t, got.body, "issuer"))
			}
		}
		r := s.newRequest(t, "POST /token", formType, url.Values{"grant_type": {"password"}, "username": {"user"}, "password": {"wrong"}}.Encode())
		r.Host = "evil.example"
		for name, value := range spoofed {
			r.Header.Set(name, value)
		}
		got := send(t, s.httpClient(t), r)
		require.Equal(t, "127.0.0.1", onlyEvent(t, inst, got.header.Get("X-Request-Id"))["address"])
	}, "LATCHKEY_TRUSTED_PROXIES=10.0.0.0/8")
}

// A cursor is only a position: whatever it contains, it gets a page or invalid_request.
func TestHostileCursors(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		admin := s.devToken(t, "admin")
		for _, path := range []string{"/api/users", "/api/audit"} {
			for _, text := range []string{
				"", "x", "null", "[]", "{}", "1", `""`, `{"id":null}`, `{"id":{"$gt":""}}`, `{"id":"' OR 1=1 --"}`, `{"key":"'; DROP TABLE users; --","id":"x"}`,
				`{"id":"\u0000"}`, `{"at":"9999-12-31T23:59:59Z","id":"\ud800"}`, `{"at":"+292277026596-12-04T15:30:07Z"}`, `{"at":-1e308}`,
				`{"ID":"x","Key":"x","At":"0000-00-00T00:00:00Z"}`, strings.Repeat("[", 2000), `{"id":"` + strings.Repeat("a", 4000) + `"}`,
			} {
				for _, cursor := range []string{text, base64.RawURLEncoding.EncodeToString([]byte(text)), base64.StdEncoding.EncodeToString([]byte(text))} {
					got := s.get(t, path+"?cursor="+url.QueryEscape(cursor), admin)
					require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, got.status, "%s %s: %s", path, text, got.body)
				}
			}
		}
		s.requireHealthy(t)
	})
}
