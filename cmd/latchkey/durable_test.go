package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// What was answered with 2xx is there after a power cut the instant after, and so are the keys.
func TestSurvivesKill(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		first := start(t, at)
		token := first.token(t, "user", devPassword("user"))
		require.Equal(t, http.StatusCreated, first.signUp(t, "instant", "the instant before").status)
		first.kill()

		second := start(t, at)
		second.token(t, "instant", "the instant before")
		require.Equal(t, http.StatusOK, second.get(t, "/api/auth/users/me", token).status)
		require.Equal(t, http.StatusConflict, second.signUp(t, "Instant", "another password").status)
	})
}

// A token of a user who is disabled or deleted stops working at once.
func TestEndsWithItsUser(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		for name, end := range map[string]func(){
			"user":      func() { at.disable(t, "user") },
			"moderator": func() { at.statement(t, `DELETE FROM users WHERE username_key = 'moderator'`) },
		} {
			token := s.token(t, name, devPassword(name))
			require.Equal(t, http.StatusOK, s.get(t, "/api/test/user", token).status)
			end()
			got := s.get(t, "/api/test/user", token)
			require.Equal(t, http.StatusUnauthorized, got.status, name)
			require.Equal(t, `Bearer realm="`+s.issuer+`", error="invalid_token", error_description="the access token is not valid"`,
				got.header.Get("WWW-Authenticate"))
		}
	})
}

// A role that is taken is gone from the tokens that exist.
func TestRoleTaken(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		token := s.token(t, "moderator", devPassword("moderator"))
		require.Equal(t, http.StatusOK, s.get(t, "/api/test/mod", token).status)
		require.Equal(t, outcome{}, command(t, at, "", "user", "revoke", "moderator", "ROLE_MODERATOR"))
		require.Equal(t, http.StatusForbidden, s.get(t, "/api/test/mod", token).status)
	})
}

// Hashes from before are verified, and made anew at sign-in.
func TestRehash(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		const password = "from another system"
		hash, err := bcrypt.GenerateFromPassword([]byte(password), 10)
		require.NoError(t, err)
		world(t, at, func(ctx context.Context, db database) {
			require.NoError(t, db.CreateUser(ctx, rawUser("legacy", string(hash)), audit.Note{}))
		})
		s := start(t, at)
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "legacy", "wrong").status)
		s.token(t, "legacy", password)
		world(t, at, func(ctx context.Context, db database) {
			u, err := db.UserByUsername(ctx, "legacy")
			require.NoError(t, err)
			require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$`, u.PasswordHash)
		})
		s.token(t, "legacy", password)
	})
}

// Servers that start at once on an empty database make one schema, one key and one user of a name.
func TestStartTogether(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		all := make([]*server, 4)
		for i := range all {
			all[i] = launch(t, at)
		}
		for _, s := range all {
			s.await()
		}
		keys := all[0].get(t, "/.well-known/jwks.json", "").body
		require.Equal(t, 1, strings.Count(keys, `"kid"`), keys)
		token := all[0].token(t, "user", devPassword("user"))
		for _, s := range all[1:] {
			require.Equal(t, keys, s.get(t, "/.well-known/jwks.json", "").body)
			require.Equal(t, http.StatusOK, s.get(t, "/api/auth/users/me", token).status)
		}
	})
}

// SIGTERM closes the listener and lets a request finish.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	s := start(t, sqlitePlace(t))
	address := strings.TrimPrefix(s.url, "http://")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	const body = "grant_type=password&username=user&password=user-dev-password"
	_, err = fmt.Fprintf(conn, "POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body[:10])
	require.NoError(t, err)
	s.get(t, "/healthz", "") // the server accepts in turn, so it has the connection from before

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return !accepts(t, address) }, patience, 10*time.Millisecond)
	_, err = io.WriteString(conn, body[10:])
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "HTTP/1.1 200 OK")
	require.Contains(t, string(answer), `"access_token"`)
	require.NoError(t, s.wait())
	require.Contains(t, s.log.String(), "msg=stopped")
}

func accepts(t *testing.T, address string) bool {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// A caller that sends its header a byte at a time is cut.
func TestSlowHeader(t *testing.T) {
	t.Parallel()
	s := start(t, sqlitePlace(t))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	begin := time.Now()
	_, err = io.WriteString(conn, "POST /token HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(begin.Add(patience)))
	_, err = io.ReadAll(conn)
	var timeout net.Error
	require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "it is still open after %v", patience)
	require.Less(t, time.Since(begin), readHeaderTimeout+5*time.Second)
}
