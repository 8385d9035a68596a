package certificate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/certificate"
)

// world is a pair of files and a clock.
type world struct {
	cert, key string
	now       time.Time
	log       strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), now: time.Now()}
	w.write(t, "first")
	return w
}

func (w *world) open(t *testing.T) *certificate.Files {
	t.Helper()
	files, err := certificate.Open(w.cert, w.key, func() time.Time { return w.now }, slog.New(slog.NewTextHandler(&w.log, nil)))
	require.NoError(t, err)
	return files
}

// write replaces both files by a new pair, whose certificate is for a name.
func (w *world) write(t *testing.T, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	w.put(t, w.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	w.put(t, w.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// put writes a file whose time differs from that of the file before.
func (w *world) put(t *testing.T, path string, text []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, text, 0o600))
	w.now = w.now.Add(2 * time.Second)
	require.NoError(t, os.Chtimes(path, w.now, w.now))
}

// served returns the name in the certificate that a handshake gets.
func served(t *testing.T, files *certificate.Files) string {
	t.Helper()
	pair, err := files.Config().GetCertificate(&tls.ClientHelloInfo{})
	require.NoError(t, err)
	return pair.Leaf.Subject.CommonName
}

func TestReplacedPairIsServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := w.open(t)
	require.Equal(t, "first", served(t, files))
	w.write(t, "second")
	w.now = w.now.Add(time.Second)
	require.Equal(t, "second", served(t, files))
	require.Contains(t, w.log.String(), "TLS certificate replaced")
}

func TestFilesAreNotReadAtEachHandshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := w.open(t)
	opened := w.now
	w.write(t, "second")
	w.now = opened.Add(999 * time.Millisecond)
	require.Equal(t, "first", served(t, files))
}

func TestBrokenPairIsNotServed(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(t *testing.T, w *world){
		"no PEM":         func(t *testing.T, w *world) { t.Helper(); w.put(t, w.cert, []byte("canary")) },
		"missing key":    func(t *testing.T, w *world) { t.Helper(); require.NoError(t, os.Remove(w.key)) },
		"key of another": func(t *testing.T, w *world) { t.Helper(); other := newWorld(t); w.put(t, w.key, content(t, other.key)) },
		"certificate is ahead": func(t *testing.T, w *world) {
			t.Helper()
			other := newWorld(t)
			w.put(t, w.cert, content(t, other.cert))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			files := w.open(t)
			breakIt(t, w)
			for range 5 {
				w.now = w.now.Add(2 * time.Second)
				require.Equal(t, "first", served(t, files))
			}
			require.Equal(t, 1, strings.Count(w.log.String(), "not replaced"), "logged once: %s", w.log.String())
			require.NotContains(t, w.log.String(), "canary")
			w.write(t, "mended")
			w.now = w.now.Add(2 * time.Second)
			require.Equal(t, "mended", served(t, files))
		})
	}
}

func TestOpenNeedsAPair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, os.Remove(w.key))
	_, err := certificate.Open(w.cert, w.key, time.Now, slog.Default())
	require.ErrorContains(t, err, w.key)
}

func content(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return text
}
