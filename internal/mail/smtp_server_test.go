package mail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

const (
	serverUser     = "latchkey"
	serverPassword = "correct horse battery staple"
)

// testServer is an SMTP server on loopback whose behavior can be changed at any time.
type testServer struct {
	port  int
	roots *x509.CertPool
	auth  bool

	mu       sync.Mutex
	behavior behavior
	closed   chan struct{} // closed at the end of the test, which releases hanging sessions
	accepted []acceptedMessage
	received chan struct{} // receives a value when the content of a message has arrived
}

// behavior is how the server treats clients. The zero value accepts every message.
type behavior struct {
	refuse     bool  // closes every connection at once
	hang       bool  // never sends the greeting
	rcpt, data error // replies to RCPT and DATA
	stall      bool  // receives the content but never replies to it
}

// acceptedMessage is a message that the server has replied 250 to.
type acceptedMessage struct {
	from, to, content string
}

// serverOptions are the fixed properties of a test server.
type serverOptions struct {
	tls      bool // offers STARTTLS
	implicit bool // TLS from the first byte
	auth     bool // requires authentication
}

func startServer(t *testing.T, o serverOptions) *testServer {
	t.Helper()
	s := &testServer{auth: o.auth, closed: make(chan struct{}), received: make(chan struct{}, 100)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.port = listener.Addr().(*net.TCPAddr).Port
	listener = &testListener{listener, s}
	if o.tls || o.implicit {
		var certificate tls.Certificate
		certificate, s.roots = selfSigned(t)
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	if o.implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		close(s.closed)
		_ = server.Close()
		_ = listener.Close() // needed if Serve has not been called yet
		require.NoError(t, <-done)
	})
	return s
}

func (s *testServer) setBehavior(b behavior) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behavior = b
}

func (s *testServer) currentBehavior() behavior {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behavior
}

func (s *testServer) messages() []acceptedMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]acceptedMessage(nil), s.accepted...)
}

// testListener closes connections or lets them hang, as the server's behavior demands.
type testListener struct {
	net.Listener
	server *testServer
}

func (l *testListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		switch b := l.server.currentBehavior(); {
		case b.refuse:
			_ = conn.Close()
		case b.hang:
			go func() {
				<-l.server.closed
				_ = conn.Close()
			}()
		default:
			return conn, nil
		}
	}
}

// session is the server side of one connection.
type session struct {
	server        *testServer
	authenticated bool
	from, to      string
}

var _ smtp.AuthSession = (*session)(nil)

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != serverUser || password != serverPassword {
			return smtp.ErrAuthFailed
		}
		s.authenticated = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.auth && !s.authenticated {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.server.currentBehavior().rcpt
}

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	b := s.server.currentBehavior() // before the test learns of the message and changes it
	s.server.received <- struct{}{}
	if b.stall {
		<-s.server.closed
		return errors.New("closing")
	}
	if b.data != nil {
		return b.data
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.accepted = append(s.server.accepted, acceptedMessage{s.from, s.to, string(content)})
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
