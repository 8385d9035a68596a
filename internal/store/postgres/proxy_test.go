package postgres

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy forwards connections from a store to its server, and can fail like a network.
type proxy struct {
	addr   string
	target string

	mu      sync.Mutex
	frozen  bool
	stalled chan struct{} // closed when packets flow
	conns   []net.Conn
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l := listen(t)
	p := &proxy{addr: l.Addr().String(), target: target, stalled: closed()}
	t.Cleanup(func() { l.Close(); p.closeAll() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.connect(t.Context(), client)
		}
	}()
	return p
}

// connect connects a client to the server. A frozen proxy accepts the client and never responds.
func (p *proxy) connect(ctx context.Context, client net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, client)
	if p.frozen {
		return
	}
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.target)
	if err != nil {
		client.Close()
		return
	}
	p.conns = append(p.conns, server)
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(stallable{to, p}, from) // until one side closes
		to.Close()
	}
	go pipe(server, client)
	go pipe(client, server)
}

// stallable is a connection whose packets wait while the proxy is stalled.
type stallable struct {
	net.Conn
	proxy *proxy
}

func (s stallable) Write(b []byte) (int, error) {
	<-s.proxy.flow()
	return s.Conn.Write(b)
}

func (p *proxy) flow() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stalled
}

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// stall keeps all connections open and forwards nothing, like a network that drops packets. The
// returned function forwards what has been kept.
func (p *proxy) stall() (resume func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stalled := make(chan struct{})
	p.stalled = stalled
	return func() { close(stalled) }
}

func (p *proxy) freeze()   { p.setFrozen(true) }
func (p *proxy) unfreeze() { p.setFrozen(false) }

func (p *proxy) setFrozen(frozen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = frozen
}

// closeAll closes every connection.
func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// closedPort returns an address of this machine on which no server listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l := listen(t)
	require.NoError(t, l.Close())
	return l.Addr().String()
}
