package bearer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api/bearer"
)

const (
	issuer   = "https://auth.example.com"
	audience = "https://api.example.com"
)

// The keys of all tests: making RSA keys is slow.
var (
	ecKey     = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	otherKey  = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	rsaKey    = must(rsa.GenerateKey(rand.Reader, 2048))
	_, edKey  = mustEd25519()
	publicKey = map[string]any{"ec": &ecKey.PublicKey, "rsa": &rsaKey.PublicKey, "ed": edKey.Public()}
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func mustEd25519() (ed25519.PublicKey, ed25519.PrivateKey) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return public, private
}

// service is the part of Latchkey that a Verifier uses. It is an http.RoundTripper, so that tests with
// a fake clock need no network.
type service struct {
	mu       sync.Mutex
	keys     map[string]any // by kid
	down     error
	inactive bool
	scope    string   // that introspection returns
	ended    []string // session ids
	changed  chan struct{}
	calls    map[string]int
}

func newService() *service {
	return &service{keys: maps.Clone(publicKey), calls: map[string]int{}, changed: make(chan struct{}), scope: "profile"}
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.calls[r.URL.Path]++
	down := s.down
	s.mu.Unlock()
	if down != nil {
		return nil, down
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/jwks.json":
		s.mu.Lock()
		defer s.mu.Unlock()
		respond(w, jwks(s.keys))
	case "/introspect":
		s.mu.Lock()
		defer s.mu.Unlock()
		id, secret, _ := r.BasicAuth()
		if id != "api" || secret != "secret%2B" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		respond(w, map[string]any{"active": !s.inactive, "scope": s.scope, "roles": []string{"ROLE_USER"}})
	case "/revocations":
		s.serveRevocations(w, r)
	default:
		http.NotFound(w, r)
	}
}

// serveRevocations has pages of two entries, and cursors that are positions.
func (s *service) serveRevocations(w http.ResponseWriter, r *http.Request) {
	after := r.URL.Query().Get("after")
	position := 0
	_ = json.Unmarshal([]byte(after), &position)
	s.mu.Lock()
	if position >= len(s.ended) && r.URL.Query().Get("wait") != "" {
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
		case <-r.Context().Done():
			return
		}
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	end := min(position+2, len(s.ended))
	ended := map[string]int64{}
	for _, sid := range s.ended[position:end] {
		ended[sid] = time.Now().Add(time.Hour).Unix()
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": issuer, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		"after": after, "cursor": string(must(json.Marshal(end))), "more": end < len(s.ended), "ended": ended, "as_of": time.Now().Unix(),
	})
	token.Header["typ"], token.Header["kid"] = "revocations+jwt", "ec"
	_, _ = io.WriteString(w, must(token.SignedString(ecKey)))
}

func (s *service) do(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// end adds an ended session to the list.
func (s *service) end(sid string) {
	s.do(func() {
		s.ended = append(s.ended, sid)
		close(s.changed)
		s.changed = make(chan struct{})
	})
}

func (s *service) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[path]
}

var errDown = errors.New("connection refused")

func respond(w http.ResponseWriter, body any) { _ = json.NewEncoder(w).Encode(body) }

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func jwks(keys map[string]any) map[string]any {
	list := []any{map[string]any{"kty": "future", "kid": "unknown kind"}}
	for kid, k := range keys {
		member := map[string]any{"kid": kid, "use": "sig"}
		switch k := k.(type) {
		case *ecdsa.PublicKey:
			point := must(k.Bytes())
			maps.Copy(member, map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "x": b64(point[1:33]), "y": b64(point[33:])})
		case *rsa.PublicKey:
			maps.Copy(member, map[string]any{"kty": "RSA", "alg": "RS256", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())})
		case ed25519.PublicKey:
			maps.Copy(member, map[string]any{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": b64(k)})
		}
		list = append(list, member)
	}
	return map[string]any{"keys": list}
}

// verifier returns a Verifier of the service that is closed at the end of the test.
func (s *service) verifier(t testing.TB, change ...func(*bearer.Config)) *bearer.Verifier {
	t.Helper()
	c := bearer.Config{
		Issuer: issuer, Audience: audience, Client: &http.Client{Transport: s}, Log: slog.New(slog.DiscardHandler),
	}
	for _, do := range change {
		do(&c)
	}
	v, err := bearer.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}

// tokenClaims are those of a valid token, changed by the given names and values in turn. A nil value
// removes a claim.
func tokenClaims(changes ...any) jwt.MapClaims {
	now := time.Now().Unix()
	c := jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "alice", "client_id": "web", "iat": now, "exp": now + 900, "jti": "1",
		"sid": "s1", "scope": "profile reports:read", "roles": []string{"ROLE_USER"},
	}
	apply(c, changes)
	return c
}

func apply(members map[string]any, changes []any) {
	for i := 0; i < len(changes); i += 2 {
		if name, _ := changes[i].(string); changes[i+1] == nil {
			delete(members, name)
		} else {
			members[name] = changes[i+1]
		}
	}
}

// signWith returns a token with the given header members, like tokenClaims.
func signWith(method jwt.SigningMethod, key any, c jwt.MapClaims, header ...any) string {
	token := jwt.NewWithClaims(method, c)
	token.Header["typ"], token.Header["kid"] = "at+jwt", "ec"
	apply(token.Header, header)
	return must(token.SignedString(key))
}

func validToken(changes ...any) string {
	return signWith(jwt.SigningMethodES256, ecKey, tokenClaims(changes...))
}

// status returns the status that a token gets.
func status(v *bearer.Verifier, token string) int {
	_, err := v.Verify(context.Background(), token)
	var e *bearer.Error
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &e) && (token == "" || !strings.Contains(err.Error(), token)):
		return e.Status
	default:
		return 0
	}
}
