package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

const (
	serverUser     = "latchkey"
	serverPassword = "correct horse battery staple"
)

// mailServer is a real SMTP server on loopback whose mood can change at any time.
type mailServer struct {
	port  int
	roots *x509.CertPool
	auth  bool

	mu     sync.Mutex
	mood   mood
	closed chan struct{} // ends what hangs
	taken  []taken
	busy   chan struct{} // is told when a letter's content is about to be taken
}

// mood is how the server treats who comes.
type mood struct {
	gone       bool  // cuts every connection
	hangs      bool  // says nothing
	rcpt, data error // answers to the recipient and to the content
	stuck      bool  // takes the content and never answers
}

// taken is a letter that the server has answered for.
type taken struct {
	from, to, content string
}

// serverOptions are what a mail server is started with.
type serverOptions struct {
	tls      bool // offers STARTTLS
	implicit bool // TLS from the first byte
	auth     bool // takes letters only after signing in
}

func startServer(t *testing.T, o serverOptions) *mailServer {
	t.Helper()
	s := &mailServer{auth: o.auth, closed: make(chan struct{}), busy: make(chan struct{}, 100)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.port = listener.Addr().(*net.TCPAddr).Port
	listener = &moody{listener, s}
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
		_ = listener.Close() // in case it was not served yet
		require.NoError(t, <-done)
	})
	return s
}

func (s *mailServer) is(m mood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mood = m
}

func (s *mailServer) now() mood {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mood
}

func (s *mailServer) letters() []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]taken(nil), s.taken...)
}

// moody is a listener that cuts or neglects who comes, as the server's mood is.
type moody struct {
	net.Listener
	server *mailServer
}

func (m *moody) Accept() (net.Conn, error) {
	for {
		conn, err := m.Listener.Accept()
		if err != nil {
			return nil, err
		}
		switch mood := m.server.now(); {
		case mood.gone:
			_ = conn.Close()
		case mood.hangs:
			go func() {
				<-m.server.closed
				_ = conn.Close()
			}()
		default:
			return conn, nil
		}
	}
}

// session is one conversation.
type session struct {
	server   *mailServer
	signedIn bool
	from, to string
}

var _ smtp.AuthSession = (*session)(nil)

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != serverUser || password != serverPassword {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.auth && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.server.now().rcpt
}

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.busy <- struct{}{}
	mood := s.server.now()
	if mood.stuck {
		<-s.server.closed
		return errors.New("closing")
	}
	if mood.data != nil {
		return mood.data
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.taken = append(s.server.taken, taken{s.from, s.to, string(content)})
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// selfSigned makes a certificate for 127.0.0.1 and the pool that trusts it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
