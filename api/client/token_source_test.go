package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tokenServer counts the requests for tokens, and lets a test hold the answers back.
type tokenServer struct {
	*httptest.Server
	requests atomic.Int32
	hold     chan struct{} // closed: answers at once
}

func newTokenServer(t *testing.T) *tokenServer {
	t.Helper()
	s := &tokenServer{hold: make(chan struct{})}
	close(s.hold)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		n := s.requests.Add(1)
		<-s.hold
		w.Header().Set("Content-Type", "application/json")
		if r.PostFormValue("password") == "wrong" || r.PostFormValue("refresh_token") == "rt_dead" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error": "invalid_grant", "error_description": "no"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"access_token": fmt.Sprintf("access-%d", n), "token_type": "Bearer", "expires_in": 900, "scope": "profile",
			"refresh_token": fmt.Sprintf("rt_%d", n),
		})
	})
	mux.HandleFunc("POST /revoke", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	})
	// An API that accepts every token but the first.
	mux.HandleFunc("/api", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") == "Bearer access-1" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = fmt.Fprintf(w, "%s %s", r.Header.Get("Authorization"), body)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// client returns a client of the server, which does not hold its responses against the contract.
func (s *tokenServer) client(t *testing.T) *ClientWithResponses {
	t.Helper()
	c, err := NewClientWithResponses(s.URL, WithHTTPClient(s.Client()))
	require.NoError(t, err)
	return c
}

// httpClient is that of the source, on the transport of the server.
func (s *tokenServer) httpClient(t *testing.T) *http.Client {
	t.Helper()
	return &http.Client{Transport: &Transport{Source: s.signIn(t), Base: s.Client().Transport}}
}

func (s *tokenServer) signIn(t *testing.T) *TokenSource {
	t.Helper()
	source, err := SignIn(t.Context(), s.client(t), "alice", "right")
	require.NoError(t, err)
	return source
}

// A hundred goroutines that need a token at once share one request.
func TestSingleFlight(t *testing.T) {
	t.Parallel()
	server := newTokenServer(t)
	source := server.signIn(t)
	first, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-1", first.AccessToken)
	source.now = func() time.Time { return first.Expiry }
	server.hold = make(chan struct{})
	var all sync.WaitGroup
	tokens := make(chan string, 100)
	for i := range 100 {
		all.Go(func() {
			get := source.Token
			if i%2 == 1 {
				get = func(ctx context.Context) (Token, error) { return source.Refresh(ctx, "access-1") }
			}
			token, err := get(t.Context())
			if err == nil {
				tokens <- token.AccessToken
			}
		})
	}
	require.Eventually(t, func() bool { return server.requests.Load() == 2 }, 10*time.Second, time.Millisecond)
	close(server.hold)
	all.Wait()
	close(tokens)
	got := 0
	for token := range tokens {
		require.Equal(t, "access-2", token)
		got++
	}
	require.Equal(t, 100, got)
	require.EqualValues(t, 2, server.requests.Load())
}

// A caller whose context ends stops waiting; the request goes on for the others.
func TestContextOfOneCaller(t *testing.T) {
	t.Parallel()
	server := newTokenServer(t)
	source := server.signIn(t)
	server.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := source.Refresh(ctx, "access-1")
		ended <- err
	}()
	require.Eventually(t, func() bool { return server.requests.Load() == 2 }, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	close(server.hold)
	token, err := source.Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token.AccessToken)
	require.EqualValues(t, 2, server.requests.Load(), "the refresh token was not lost")
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	server := newTokenServer(t)
	c := server.client(t)
	_, err := SignIn(t.Context(), c, "alice", "wrong")
	var refused *TokenError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, TokenError{Status: 400, Code: OAuthErrorErrorInvalidGrant, Description: "no"}, *refused)

	dead := Resume(c, "rt_dead")
	for range 2 { // an error is not kept: the next call tries again
		_, err = dead.Token(t.Context())
		require.ErrorAs(t, err, &refused)
	}

	source := server.signIn(t)
	require.NoError(t, source.Revoke(t.Context()))
	_, err = source.Token(t.Context())
	require.ErrorIs(t, err, ErrSignedOut)
	require.NoError(t, source.Revoke(t.Context()), "twice is not an error")
}

// A token that is refused is replaced, and the request is sent once more, with its body.
func TestTransportRetries(t *testing.T) {
	t.Parallel()
	server := newTokenServer(t)
	status, body := call(t, server.httpClient(t), http.MethodPost, server.URL+"/api", strings.NewReader("body"))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "Bearer access-2 body", body)
	require.EqualValues(t, 2, server.requests.Load())
}

// A body that can be read only once is not sent again: the caller sees the refusal.
func TestTransportKeepsARefusal(t *testing.T) {
	t.Parallel()
	server := newTokenServer(t)
	status, _ := call(t, server.httpClient(t), http.MethodPost, server.URL+"/api", io.MultiReader(strings.NewReader("once")))
	require.Equal(t, http.StatusUnauthorized, status)
	require.EqualValues(t, 1, server.requests.Load())
}

// A redirect to another host does not take the token along.
func TestTransportRedirects(t *testing.T) {
	t.Parallel()
	server := newTokenServer(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	t.Cleanup(redirecting.Close)
	_, body := call(t, server.httpClient(t), http.MethodGet, redirecting.URL, nil)
	require.Empty(t, body)
}

// call sends a request and returns the response.
func call(t *testing.T, client *http.Client, method, url string, body io.Reader) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(read)
}
