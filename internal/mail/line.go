package mail

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// line is the connection of one letter. It can be cut at any time, which ends whatever waits on it.
type line struct {
	config   *tls.Config
	implicit bool

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// dial opens the connection.
func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conn = conn
	closed := l.closed
	l.mu.Unlock()
	if closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	if !l.implicit {
		return conn, nil
	}
	secure := tls.Client(conn, l.config)
	err = secure.HandshakeContext(ctx)
	return secure, err
}

// close cuts the connection, now or as soon as there is one.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		_ = l.conn.Close()
	}
}
