package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/latchkey-auth/latchkey/internal/certificate"
	"github.com/latchkey-auth/latchkey/internal/config"
)

// openCertificate reads the TLS certificate, or returns nil if none is set.
func openCertificate(s config.Serve, log *slog.Logger) (*certificate.Files, error) {
	if !s.TLS() {
		return nil, nil
	}
	files, err := certificate.Open(s.TLSCert, s.TLSKey, time.Now, log)
	if err != nil {
		return nil, settingsError{err}
	}
	return files, nil
}

// useTLS makes a server speak TLS and nothing else, with HTTP/2.
func useTLS(server *http.Server, files *certificate.Files, issuer string) {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	server.Protocols, server.TLSConfig = &protocols, files.Config()
	if ownsHost(issuer) {
		server.Handler = strictTransport(server.Handler)
	}
}

// serveOn serves TLS if the server is set up for it.
func serveOn(server *http.Server, listener net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// ownsHost reports whether the issuer is a host on its default port. Strict-Transport-Security is about
// all ports of a host, so a service on another port must not decide for its neighbours.
func ownsHost(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && u.Scheme == "https" && u.Port() == ""
}

// strictTransport tells browsers to use only https for a year (RFC 6797).
func strictTransport(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}
