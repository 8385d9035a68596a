package mail

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// connection is the connection over which one message is sent. Closing it, which is possible at any
// time, unblocks every read and write on it.
type connection struct {
	config   *tls.Config
	implicit bool // TLS from the first byte

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// dial opens the connection.
func (c *connection) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.conn = conn
	closed := c.closed
	c.mu.Unlock()
	if closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	if !c.implicit {
		return conn, nil
	}
	secure := tls.Client(conn, c.config)
	err = secure.HandshakeContext(ctx)
	return secure, err
}

// close closes the connection, or makes dial close it as soon as it is open.
func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.conn != nil {
		_ = c.conn.Close()
	}
}
