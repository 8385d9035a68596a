package config

import (
	"net"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/loopback"
)

// TLS reports whether the service speaks TLS itself.
func (s *Serve) TLS() bool { return s.TLSCert != "" }

// checkTLS checks that certificate and key are set together. The files are read when the service starts.
func (s *Serve) checkTLS(p *problems) {
	if (s.TLSCert == "") != (s.TLSKey == "") {
		p.add("LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY: only one is set; set both or neither")
	}
	if s.TLS() && strings.HasPrefix(s.Issuer, "http://") {
		p.add("LATCHKEY_ISSUER: %q is not https, but LATCHKEY_TLS_CERT makes the service speak only TLS", s.Issuer)
	}
}

// checkAdmin checks the address for metrics and makes it loopback unless it names a host.
func (s *Serve) checkAdmin(p *problems) {
	if s.AdminListen == "" {
		return
	}
	host, port, err := net.SplitHostPort(s.AdminListen)
	switch {
	case err != nil:
		p.add("LATCHKEY_ADMIN_LISTEN: %q is not HOST:PORT, for example 127.0.0.1:9090", s.AdminListen)
	case host == "":
		s.AdminListen = net.JoinHostPort("127.0.0.1", port)
	case s.Dev && !loopback.Is(s.AdminListen):
		p.add("LATCHKEY_ADMIN_LISTEN: --dev listens on loopback only, for example on 127.0.0.1:9090")
	}
}
