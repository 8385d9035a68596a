package bearer_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api/bearer"
)

func following(c *bearer.Config) { c.Revocations = true }

// An ended session is refused as soon as the list has it, also if it was on a later page of the list at
// the start.
func TestRevocations(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		for _, sid := range []string{"a", "b", "c", "d", "e"} {
			s.end(sid)
		}
		v := s.verifier(t, following)
		require.NoError(t, v.Ready(t.Context()))
		require.Equal(t, 401, status(v, validToken("sid", "a")))
		require.Equal(t, 401, status(v, validToken("sid", "e")))
		require.Equal(t, 200, status(v, validToken()))
		require.Equal(t, 401, status(v, validToken("sid", nil)), "its session could not be found in the list")
		time.Sleep(time.Minute)
		s.end("s1")
		time.Sleep(2 * time.Second)
		require.Equal(t, 401, status(v, validToken()))
		require.LessOrEqual(t, s.count("/revocations"), 15, "the service holds a request until there is something new")
	})
}

// Without a list, no token is accepted. Later, the last list is used, for as long as it may be old.
func TestRevocationsDuringAnOutage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		s.down = errDown
		v := s.verifier(t, following, func(c *bearer.Config) { c.MaxRevocationsAge = 10 * time.Minute })
		require.Equal(t, 503, status(v, validToken()))
		s.do(func() { s.down = nil })
		time.Sleep(2 * time.Minute)
		require.Equal(t, 200, status(v, validToken()))
		s.end("gone")
		time.Sleep(2 * time.Second)
		s.do(func() { s.down = errDown })
		time.Sleep(5 * time.Minute)
		require.Equal(t, 200, status(v, validToken()))
		require.Equal(t, 401, status(v, validToken("sid", "gone")))
		time.Sleep(6 * time.Minute)
		require.Equal(t, 503, status(v, validToken()))
	})
}

// A list that is not signed by the service, or that belongs to another request, is not believed.
func TestRevocationsAreVerified(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(token string) string{
		"changed":         func(token string) string { return token[:len(token)-10] + "AAAAAAAAAA" },
		"an access token": func(string) string { return validToken() },
		"no token":        func(string) string { return "{}" },
		"of another request": func(string) string {
			token := jwt.NewWithClaims(jwt.SigningMethodES256, tokenClaims("after", "7", "cursor", "8", "ended", map[string]int64{}))
			token.Header["typ"], token.Header["kid"] = "revocations+jwt", "ec"
			return must(token.SignedString(ecKey))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, s *service) {
				v := s.verifier(t, following, func(c *bearer.Config) { c.Client = &http.Client{Transport: spoiled{s, spoil}} })
				require.Equal(t, 503, status(v, validToken()))
			})
		})
	}
}

// spoiled changes the pages of the list of ended sessions.
type spoiled struct {
	next  http.RoundTripper
	spoil func(token string) string
}

func (s spoiled) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := s.next.RoundTrip(r)
	if err != nil || r.URL.Path != "/revocations" {
		return response, err
	}
	raw, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(strings.NewReader(s.spoil(string(raw))))
	return response, err
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		v := s.verifier(t, func(c *bearer.Config) {
			c.Introspection = &bearer.Introspection{ClientID: "api", ClientSecret: "secret+", CacheFor: 10 * time.Second}
		})
		token := validToken()
		for range 100 {
			got, err := v.Verify(t.Context(), token)
			require.NoError(t, err)
			require.Equal(t, []string{"profile"}, got.Scopes, "the service knows better than the token")
		}
		require.Equal(t, 1, s.count("/introspect"))
		require.Equal(t, 401, status(v, "junk"))
		require.Equal(t, 1, s.count("/introspect"), "only tokens with a valid signature are asked about")

		s.do(func() { s.inactive = true })
		time.Sleep(11 * time.Second)
		require.Equal(t, 401, status(v, token))
		s.do(func() { s.down = errDown })
		require.Equal(t, 401, status(v, token))
		require.Equal(t, 503, status(v, validToken("jti", "2")))
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]bearer.Config{
		"Issuer and Audience": {},
		"is not the URL":      {Issuer: "auth.example.com", Audience: "a"},
		"plain HTTP":          {Issuer: "http://auth.example.com", Audience: "a"},
		"Leeway":              {Issuer: issuer, Audience: "a", Leeway: time.Hour},
		"MaxRevocationsAge":   {Issuer: issuer, Audience: "a", MaxRevocationsAge: -1},
		"Realm":               {Issuer: issuer, Audience: "a", Realm: `"`},
		"ClientID":            {Issuer: issuer, Audience: "a", Introspection: &bearer.Introspection{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := bearer.New(c)
			require.ErrorContains(t, err, name)
		})
	}
}
