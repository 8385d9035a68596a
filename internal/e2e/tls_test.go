package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// keyPair is a TLS certificate for localhost, which is its own authority, with its key, in two files.
type keyPair struct{ cert, key string }

func newKeyPair(t *testing.T) keyPair {
	t.Helper()
	dir := t.TempDir()
	p := keyPair{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	p.replace(t, "first", time.Hour)
	return p
}

// replace writes a new certificate, whose common name is name and which expires after a time, and its key.
func (p keyPair) replace(t *testing.T, name string, expires time.Duration) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(expires),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// environment returns the settings that make a server use the pair.
func (p keyPair) environment() []string {
	return []string{"LATCHKEY_TLS_CERT=" + p.cert, "LATCHKEY_TLS_KEY=" + p.key}
}

// tlsServer is a development server that speaks TLS itself.
type tlsServer struct {
	*server
	address string
}

func startTLS(t *testing.T, inst installation, pair keyPair, environment ...string) tlsServer {
	t.Helper()
	s := start(t, inst, append(append([]string{"LATCHKEY_ISSUER="}, pair.environment()...), environment...)...)
	return tlsServer{s, strings.TrimPrefix(s.url, "http://")}
}

// connect makes a handshake that accepts any certificate.
func (s tlsServer) connect(t *testing.T, config *tls.Config) (*tls.Conn, error) {
	t.Helper()
	config.InsecureSkipVerify = true
	conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", s.address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*tls.Conn), nil
}

// served returns the name in the certificate that a new connection gets.
func (s tlsServer) served(t *testing.T) string {
	t.Helper()
	conn, err := s.connect(t, &tls.Config{})
	require.NoError(t, err)
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// mustServe requires 200 for a path, over a new connection with HTTP/2.
func (s tlsServer) mustServe(t *testing.T, path string) response {
	t.Helper()
	client := &http.Client{Timeout: waitTimeout, Transport: &http.Transport{
		ForceAttemptHTTP2: true, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.address+path, nil)
	require.NoError(t, err)
	got := send(t, client, r)
	require.Equal(t, http.StatusOK, got.status)
	return got
}

func TestTLS(t *testing.T) {
	t.Parallel()
	pair := newKeyPair(t)
	s := startTLS(t, newSQLite(t), pair)
	require.True(t, strings.HasPrefix(s.issuer, "https://localhost:"), s.issuer)
	require.Contains(t, s.mustServe(t, "/.well-known/oauth-authorization-server").body, s.issuer)
	conn2, err := s.connect(t, &tls.Config{NextProtos: []string{"h2", "http/1.1"}})
	require.NoError(t, err)
	require.Equal(t, "h2", conn2.ConnectionState().NegotiatedProtocol)
	require.Empty(t, s.mustServe(t, "/healthz").header.Get("Strict-Transport-Security"), "the issuer has a port")

	for name, config := range map[string]*tls.Config{
		"TLS 1.0": {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10},
		"TLS 1.1": {MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11},
		"RC4":     {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, tls.TLS_RSA_WITH_RC4_128_SHA}},
	} {
		_, err := s.connect(t, config)
		require.Error(t, err, name)
	}
	_, err = s.connect(t, &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12})
	require.NoError(t, err)

	// Plain HTTP gets an error, and no redirect: the request has already shown its secrets.
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.address)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /token HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	plain, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(plain), "400 Bad Request")

	healthy := execute(t, []string{"LATCHKEY_LISTEN=" + s.address, "LATCHKEY_TLS_CERT=" + pair.cert}, "", "healthcheck")
	require.Zero(t, healthy.code, healthy.stderr)
}

func TestStrictTransportSecurity(t *testing.T) {
	t.Parallel()
	s := startTLS(t, newSQLite(t), newKeyPair(t), "LATCHKEY_ISSUER=https://auth.example.com")
	require.Equal(t, "max-age=31536000", s.mustServe(t, "/healthz").header.Get("Strict-Transport-Security"))
}

// A renewed certificate is used without a restart. A broken pair is not used, and connections stay open.
func TestCertificateReload(t *testing.T) {
	t.Parallel()
	pair := newKeyPair(t)
	s := startTLS(t, newSQLite(t), pair)
	require.Equal(t, "first", s.served(t))
	open, err := s.connect(t, &tls.Config{NextProtos: []string{"http/1.1"}})
	require.NoError(t, err)
	stillServed := func() {
		t.Helper()
		_, err := fmt.Fprint(open, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		answer := make([]byte, 15)
		_, err = io.ReadFull(open, answer)
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 200 OK", string(answer))
		_, err = open.Read(make([]byte, 4096))
		require.NoError(t, err)
	}
	stillServed()

	pair.replace(t, "second", time.Hour)
	eventually(t, func() bool {
		return s.served(t) == "second" && strings.Contains(s.log.String(), "TLS certificate replaced")
	})
	stillServed()

	require.NoError(t, os.WriteFile(pair.key, []byte("key-canary"), 0o600))
	eventually(t, func() bool {
		return s.served(t) == "second" && strings.Contains(s.log.String(), "TLS certificate not replaced")
	})
	require.Equal(t, "second", s.served(t))
	require.NotContains(t, s.log.String(), "key-canary")
	stillServed()

	pair.replace(t, "third", time.Hour)
	eventually(t, func() bool { return s.served(t) == "third" })
	stillServed()
}

// No handshake fails while the certificate is replaced, again and again.
func TestHandshakesDuringReload(t *testing.T) {
	t.Parallel()
	pair := newKeyPair(t)
	s := startTLS(t, newSQLite(t), pair)
	const callers, each = 4, 250
	failed := make(chan error, callers)
	for range callers {
		go func() {
			var err error
			for i := 0; i < each && err == nil; i++ {
				var conn net.Conn
				dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
				if conn, err = dialer.DialContext(t.Context(), "tcp", s.address); err == nil {
					err = conn.Close()
				}
			}
			failed <- err
		}()
	}
	for done := 0; done < callers; {
		select {
		case err := <-failed:
			require.NoError(t, err)
			done++
		case <-time.After(20 * time.Millisecond):
			pair.replace(t, "again", time.Hour)
		}
	}
	eventually(t, func() bool { return s.served(t) == "again" })
}
