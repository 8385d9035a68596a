package e2e

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While the database is down, requests that need it get 503 soon, and never a response that calls a token
// invalid. The others succeed. When the database is back, the server recovers by itself.
func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]proxyMode{"connection refused": refuse, "no response": hang, "packets dropped": drop} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inst := newPostgres(t)
			proxied := inst
			proxy := startProxy(t, &proxied)
			secret := strings.TrimSpace(inst.mustRun(t, "client", "create", "robot", "--grant", "client_credentials"))
			s := start(t, proxied)
			access, refresh := s.devSignIn(t, "user")

			proxy.set(outage)
			for range 2 {
				s.requireUnavailable(t, secret, access, refresh)
			}

			proxy.set(forward)
			require.Eventually(t, func() bool {
				return s.login(t, "user", devPassword("user")).status == http.StatusOK
			}, 5*time.Second, 50*time.Millisecond, "the server does not recover")
			require.Equal(t, http.StatusOK, s.refresh(t, refresh).status, "the session goes on")
			got := s.post(t, "/introspect", "token", access, "client_id", "robot", "client_secret", secret)
			require.Equal(t, true, decode(t, got.body)["active"])
		})
	}
}

// outageLimit is how long a request may take that needs a database which is away. A second is what is
// promised; the rest is for a busy machine.
const outageLimit = 1300 * time.Millisecond

// requireUnavailable requests everything that needs the database, and everything that does not.
func (s *server) requireUnavailable(t *testing.T, secret, access, refresh string) {
	t.Helper()
	for name, form := range map[string][]string{
		"password grant":     {"/token", "grant_type", "password", "username", "user", "password", devPassword("user")},
		"client credentials": {"/token", "grant_type", "client_credentials", "client_id", "robot", "client_secret", secret},
		"refresh":            {"/token", "grant_type", "refresh_token", "refresh_token", refresh},
		"revocation":         {"/revoke", "token", refresh},
		"introspection":      {"/introspect", "token", access, "client_id", "robot", "client_secret", secret},
	} {
		begin := time.Now()
		got := s.post(t, form[0], form[1:]...)
		require.Less(t, time.Since(begin), outageLimit, name)
		require.Equal(t, http.StatusServiceUnavailable, got.status, "%s: %s", name, got.body)
		require.Equal(t, "temporarily_unavailable", field(t, got.body, "error"), name)
		require.NotEmpty(t, got.header.Get("Retry-After"), name)
	}
	begin := time.Now()
	got := s.get(t, "/api/auth/users/me", access)
	require.Less(t, time.Since(begin), outageLimit)
	require.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
	require.Equal(t, "temporarily_unavailable", got.code(t))
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/healthz", "/readyz"} {
		require.Equal(t, http.StatusOK, s.get(t, path, "").status, path)
	}
}

// proxy is a TCP proxy in front of a database.
type proxy struct {
	target  string
	mu      sync.Mutex
	mode    proxyMode
	open    map[net.Conn]bool
	flowing chan struct{} // closed unless the mode is drop
}

// proxyMode is what a proxy does with new connections.
type proxyMode int

const (
	forward proxyMode = iota
	refuse            // close them
	hang              // keep them and stay silent
	drop              // keep them and all others, and forward nothing until the mode changes
)

// startProxy puts a proxy in front of the PostgreSQL database of an installation.
func startProxy(t *testing.T, inst *installation) *proxy {
	t.Helper()
	u, err := url.Parse(inst.database)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{target: u.Host, open: map[net.Conn]bool{}, flowing: make(chan struct{})}
	close(p.flowing)
	u.Host = listener.Addr().String()
	inst.database = u.String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		p.set(refuse)
	})
	return p
}

// set changes the mode and closes all open connections, except from and to drop.
func (p *proxy) set(mode proxyMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.mode
	p.mode = mode
	if mode == drop {
		p.flowing = make(chan struct{})
		return
	}
	if was == drop {
		close(p.flowing)
		if mode == forward {
			return
		}
	}
	for conn := range p.open {
		_ = conn.Close()
	}
	clear(p.open)
}

// accept registers or closes a connection, and reports whether it is to be forwarded.
func (p *proxy) accept(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == refuse {
		_ = conn.Close()
		return false
	}
	p.open[conn] = true
	return p.mode != hang
}

// write forwards packets, once they flow.
func (p *proxy) write(to net.Conn, packet []byte) error {
	p.mu.Lock()
	flowing := p.flowing
	p.mu.Unlock()
	<-flowing
	_, err := to.Write(packet)
	return err
}

// pump forwards in one direction until one side closes.
func (p *proxy) pump(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	packet := make([]byte, 16<<10)
	for {
		n, err := from.Read(packet)
		if n > 0 {
			if writeErr := p.write(to, packet[:n]); writeErr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) serve(client net.Conn) {
	if !p.accept(client) {
		return
	}
	server, err := (&net.Dialer{Timeout: time.Second}).Dial("tcp", p.target)
	if err != nil || !p.accept(server) {
		_ = client.Close()
		return
	}
	go p.pump(server, client)
	p.pump(client, server)
}
