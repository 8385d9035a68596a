package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// checkInterval is how often handshakes look whether the files have changed.
const checkInterval = time.Second

// Files is a certificate with its private key, in two PEM files. It is safe for concurrent use.
type Files struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	seen    state // of the files when they were last read
	failing bool  // they could not be used then
	checked time.Time
}

// Open reads the pair. The certificate file may also hold the intermediate certificates, after the
// certificate itself.
func Open(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*Files, error) {
	f := &Files{certFile: certFile, keyFile: keyFile, now: now, log: log, checked: now()}
	f.seen = f.look()
	var err error
	f.pair, err = f.read()
	return f, err
}

// Config returns the settings of a server. TLS 1.2 is the oldest version, with the cipher suites that Go
// considers secure.
func (f *Files) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current(), nil },
	}
}

// Expires returns when the certificate in use expires.
func (f *Files) Expires() time.Time { return f.current().Leaf.NotAfter }

// current returns the pair, and reads it again first if a file has changed. While the new files are not
// a pair, the old one stays in use: a certificate and its key cannot be replaced at the same moment.
func (f *Files) current() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Sub(f.checked).Abs() < checkInterval {
		return f.pair
	}
	f.checked = now
	if seen := f.look(); seen != f.seen || f.failing {
		f.reload(seen != f.seen)
		f.seen = seen
	}
	return f.pair
}

// reload reads the pair. A file may become readable without looking different, so it is tried again
// while it fails; only the first failure is news.
func (f *Files) reload(news bool) {
	pair, err := f.read()
	f.failing = err != nil
	switch {
	case err != nil && !news:
		return
	case err != nil:
		f.log.Warn("TLS certificate not replaced, the previous one stays in use", "error", err)
		return
	}
	f.pair = pair
	f.log.Info("TLS certificate replaced", "expires_at", pair.Leaf.NotAfter)
}

// read reads the pair. Its errors name the files and quote nothing of them.
func (f *Files) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", f.certFile, f.keyFile, err)
	}
	return &pair, nil
}

// state is how the two files look from outside.
type state struct{ cert, key fileState }

type fileState struct {
	changed int64 // in nanoseconds since 1970
	size    int64
}

// look returns the state of the files. A missing file has the zero state.
func (f *Files) look() state { return state{look(f.certFile), look(f.keyFile)} }

func look(file string) fileState {
	info, err := os.Stat(file) // follows links, which is how some deployments replace files
	if err != nil {
		return fileState{}
	}
	return fileState{info.ModTime().UnixNano(), info.Size()}
}
