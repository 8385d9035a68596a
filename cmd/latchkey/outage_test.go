package main

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// cable is a TCP connection to the database that can be cut and mended.
type cable struct {
	target string
	mu     sync.Mutex
	cut    bool
	hangs  bool // instead of refusing, says nothing
	open   map[net.Conn]bool
}

// lay puts a cable between a place and its database.
func lay(t *testing.T, at *place) *cable {
	t.Helper()
	u, err := url.Parse(at.database)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cable{target: u.Host, open: map[net.Conn]bool{}}
	u.Host = listener.Addr().String()
	at.database = u.String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		c.is(true, false)
	})
	return c
}

// is cuts the cable, or mends it. What was open before ends.
func (c *cable) is(cut, hangs bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut, c.hangs = cut, hangs
	for conn := range c.open {
		_ = conn.Close()
	}
	clear(c.open)
}

// take keeps a connection, and says whether it is carried on.
func (c *cable) take(conn net.Conn) (carried bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut && !c.hangs {
		_ = conn.Close()
		return false
	}
	c.open[conn] = true
	return !c.cut
}

func (c *cable) carry(conn net.Conn) {
	if !c.take(conn) {
		return
	}
	far, err := (&net.Dialer{Timeout: time.Second}).Dial("tcp", c.target)
	if err != nil || !c.take(far) {
		_ = conn.Close()
		return
	}
	go func() {
		_, _ = io.Copy(far, conn)
		_ = far.Close()
	}()
	_, _ = io.Copy(conn, far)
	_ = conn.Close()
}

// While the database is away, what needs it says so soon and never that a token is bad; what needs
// none goes on; and all goes on by itself when the database is back.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]bool{"refuses": false, "hangs": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := place{database: storetest.PostgresURL(t), dir: t.TempDir()}
			direct := at
			cable := lay(t, &at)
			made := command(t, direct, "", "client", "create", "robot", "--grant", "client_credentials")
			require.Zero(t, made.code, made.err)
			secret := made.out[:len(made.out)-1]
			s := start(t, at)
			login := s.login(t, "", "user", devPassword("user"))
			access, refresh := member(t, login.body, "access_token"), member(t, login.body, "refresh_token")

			cable.is(true, hangs)
			for round := range 2 {
				s.requireAway(t, secret, access, refresh, round)
			}

			cable.is(false, false)
			require.Eventually(t, func() bool {
				return s.login(t, "", "user", devPassword("user")).status == http.StatusOK
			}, 5*time.Second, 50*time.Millisecond, "it comes back by itself")
			require.Equal(t, http.StatusOK, s.post(t, "/token", "grant_type", "refresh_token", "refresh_token", refresh).status, "the session is as it was")
			got := s.post(t, "/introspect", "token", access, "client_id", "robot", "client_secret", secret)
			require.Equal(t, true, decoded(t, got.body)["active"])
		})
	}
}

// requireAway asks for everything while the database is away.
func (s *server) requireAway(t *testing.T, secret, access, refresh string, round int) {
	t.Helper()
	for what, form := range map[string][]string{
		"a token":          {"/token", "grant_type", "password", "username", "user", "password", devPassword("user")},
		"a client's token": {"/token", "grant_type", "client_credentials", "client_id", "robot", "client_secret", secret},
		"a refresh":        {"/token", "grant_type", "refresh_token", "refresh_token", refresh},
		"an introspection": {"/introspect", "token", access, "client_id", "robot", "client_secret", secret},
	} {
		begin := time.Now()
		got := s.post(t, form[0], form[1:]...)
		took := time.Since(begin)
		require.Equal(t, http.StatusServiceUnavailable, got.status, "%s: %s", what, got.body)
		require.Equal(t, "temporarily_unavailable", member(t, got.body, "error"), what)
		require.NotEmpty(t, got.header.Get("Retry-After"), what)
		require.Less(t, took, 4*time.Second, "%s, round %d", what, round)
	}
	got := s.get(t, "/api/auth/users/me", access)
	require.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
	require.Equal(t, "temporarily_unavailable", got.code(t))
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/healthz", "/readyz"} {
		require.Equal(t, http.StatusOK, s.get(t, path, "").status, path)
	}
}
