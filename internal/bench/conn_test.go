//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The client understands what Go's server sends: lengths, chunks, no body, and the end of a connection.
func TestConn(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/chunks":
			_, _ = io.WriteString(w, "first ")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, strings.Repeat("x", 5000))
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/last":
			w.Header().Set("Connection", "close")
		default:
			_, _ = fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), r.Header.Get("X-Forwarded-For"), body)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := &conn{address: strings.TrimPrefix(server.URL, "http://")}
	t.Cleanup(c.close)
	for _, step := range []struct {
		path, want string
		status     int
	}{
		{"/chunks", "first " + strings.Repeat("x", 5000), 200},
		{"/nothing", "", 204},
		{"/", "POST text/plain Bearer t 10.0.0.1 hello", 200},
		{"/last", "", 200},
		{"/", "POST text/plain Bearer t 10.0.0.1 hello", 200},
	} {
		got, err := c.do(t.Context(), request{method: "POST", path: step.path, contentType: "text/plain", authorization: "Bearer t",
			forwardedFor: "10.0.0.1", body: []byte("hello")})
		require.NoError(t, err, step.path)
		require.Equal(t, step.status, got.status, step.path)
		require.Equal(t, step.want, string(got.body), step.path)
	}
	require.EqualValues(t, 2, opened.Load(), "connections are reused until the server closes one")
}

// A paced load keeps its pace, and counts the delay of a slow service from when a request was due.
func TestPace(t *testing.T) {
	t.Parallel()
	samples := measure(t.Context(), newWindow(200*time.Millisecond), load{addresses: []string{"none"}, conns: 2, pace: 200, next: func(int) operation {
		first := true
		return func(ctx context.Context, _ *conn) (outcome, error) {
			if first {
				sleep(ctx, 100*time.Millisecond)
			}
			first = false
			return done, nil
		}
	}})
	require.LessOrEqual(t, samples[0].count(done), 52)
	require.Positive(t, samples[0].count(done))
	require.Greater(t, summarize(samples[0].times[done]).P99, 5.0, "requests after the slow one were late")
}

func TestTextField(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]string{
		`{"access_token":"abc","x":1}`: "abc", `{"access_token" : "abc"}`: "abc", `{"access_token":null}`: "", `{}`: "",
	} {
		require.Equal(t, want, textField([]byte(object), "access_token"), object)
	}
}

// A peer is driven with the tokens that it issues itself.
func TestPeer(t *testing.T) {
	t.Parallel()
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.FormValue("grant_type") == "refresh_token" && r.FormValue("refresh_token") == "", strings.HasPrefix(r.FormValue("password"), "wrong"):
			w.WriteHeader(http.StatusBadRequest)
		case r.URL.Path == "/base/token":
			_, _ = io.WriteString(w, `{"access_token": "a", "refresh_token": "r"}`)
		case r.URL.Path == "/base/me" && r.Header.Get("Authorization") == "Bearer a":
			_, _ = io.WriteString(w, `{}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(peer.Close)
	users := filepath.Join(t.TempDir(), "users")
	require.NoError(t, os.WriteFile(users, []byte("one\tsecret\ntwo\tsecret\n"), 0o600))
	var table strings.Builder
	require.NoError(t, run(t.Context(), []string{"-peer", peer.URL + "/base/", "-peer-users", users, "-profile-path", "/me",
		"-seconds", "0.1", "-conns", "2", "-flood", "4", "-write", t.TempDir()}, &table, io.Discard))
	for _, name := range []string{"profile read", "refresh", "login", "logins in a flood", "profile read in a flood"} {
		require.Contains(t, table.String(), name)
	}
	require.NotContains(t, table.String(), "JWKS")
}
