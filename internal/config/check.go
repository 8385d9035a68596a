package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// faults gathers what is wrong, so that all of it is reported at once.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Resolve fills in the defaults that depend on other settings, and reports all that is unsafe or
// makes no sense.
func (d *Database) Resolve() error {
	var f faults
	if d.URL == "" {
		d.URL = "sqlite:" + filepath.Join(d.DataDir, "latchkey.db")
	}
	switch {
	case strings.HasPrefix(d.URL, "sqlite:"):
		if d.SQLitePath() == "" {
			f.add("LATCHKEY_DATABASE_URL: sqlite: needs a path, as in sqlite:latchkey.db")
		}
	case strings.HasPrefix(d.URL, "postgres://"), strings.HasPrefix(d.URL, "postgresql://"):
		d.checkPostgres(&f)
	default:
		f.add("LATCHKEY_DATABASE_URL: begins with neither postgres:// nor sqlite:")
	}
	if d.MinPassword < 8 || d.MinPassword > 64 {
		f.add("LATCHKEY_MIN_PASSWORD: %d is not between 8 and 64", d.MinPassword)
	}
	return errors.Join(f...)
}

// SQLitePath gives the path of an embedded database, or nothing for PostgreSQL.
func (d *Database) SQLitePath() string {
	path, found := strings.CutPrefix(d.URL, "sqlite:")
	if !found {
		return ""
	}
	return path
}

// checkPostgres demands a verified connection to other hosts. Its faults never quote the URL, which
// may hold a password.
func (d *Database) checkPostgres(f *faults) {
	_, rest, _ := strings.Cut(d.URL, "://")
	authority, _, _ := strings.Cut(rest, "/")
	hosts := authority[strings.LastIndex(authority, "@")+1:]
	_, query, _ := strings.Cut(rest, "?")
	options, err := url.ParseQuery(query)
	if err != nil {
		f.add("LATCHKEY_DATABASE_URL: the part after ? is not well-formed")
		return
	}
	if host := options.Get("host"); host != "" {
		hosts = host
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if !d.Insecure && !isLocal(host) && options.Get("sslmode") != "verify-full" {
			f.add("LATCHKEY_DATABASE_URL: %s is another host: add sslmode=verify-full, or set LATCHKEY_DATABASE_INSECURE=true if the network between is yours", host)
		}
	}
}

// isLocal says whether a host of a connection string is this machine: nothing, a socket's
// directory, or a loopback address.
func isLocal(host string) bool {
	return host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "%2F") || isLoopback(host)
}

// isLoopback says whether HOST or HOST:PORT is this machine only.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Resolve fills in the defaults that depend on other settings, and reports all that is unsafe or
// makes no sense. It does not touch the disk but to read the secret.
func (s *Serve) Resolve() error {
	var f faults
	if err := s.Database.Resolve(); err != nil {
		f = append(f, err)
	}
	s.DemoRoutes = s.DemoRoutes || s.Dev
	s.checkListener(&f)
	s.checkIssuer(&f)
	s.checkOrigins(&f)
	s.checkTokens(&f)
	s.checkLetters(&f)
	if s.VerifiedEmail && s.Host == "" && !s.Dev {
		f.add("LATCHKEY_REQUIRE_VERIFIED_EMAIL: nobody could confirm an address without LATCHKEY_SMTP_HOST")
	}
	s.readSecrets(&f)
	return errors.Join(f...)
}

func (s *Serve) checkListener(f *faults) {
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		f.add("LATCHKEY_LISTEN: %q is not HOST:PORT", s.Listen)
		return
	}
	switch {
	case isLoopback(s.Listen):
	case s.Dev:
		f.add("LATCHKEY_LISTEN: --dev listens on loopback only, as in 127.0.0.1:8080")
	case !s.BehindTLSProxy:
		f.add("LATCHKEY_LISTEN: %s is not loopback and this is plain HTTP: put a proxy that terminates TLS in front and set LATCHKEY_BEHIND_TLS_PROXY=true", s.Listen)
	}
	if _, err := s.Proxies(); err != nil {
		*f = append(*f, err)
	}
}

// Proxies gives the trusted networks.
func (s *Serve) Proxies() ([]netip.Prefix, error) {
	var f faults
	var all []netip.Prefix
	for _, text := range s.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			f.add("LATCHKEY_TRUSTED_PROXIES: %q is not a network, as in 10.0.0.0/8", text)
		case prefix.Bits() == 0:
			f.add("LATCHKEY_TRUSTED_PROXIES: %s trusts everybody; name the networks of your proxies", text)
		default:
			all = append(all, prefix.Masked())
		}
	}
	return all, errors.Join(f...)
}

func (s *Serve) checkIssuer(f *faults) {
	if s.Issuer == "" {
		if !s.Dev {
			f.add("LATCHKEY_ISSUER is not set: set it to the public URL of this service, as in https://auth.example.com")
		}
		return
	}
	u, err := url.Parse(s.Issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(s.Issuer, "\"\\ "):
		f.add("LATCHKEY_ISSUER: %q is not a URL of scheme, host and path alone", s.Issuer)
	case strings.HasSuffix(s.Issuer, "/"):
		f.add("LATCHKEY_ISSUER: drop the trailing slash; verifiers compare it to the letter")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Host)):
		f.add("LATCHKEY_ISSUER: %q is not https", s.Issuer)
	}
}

func (s *Serve) checkOrigins(f *faults) {
	for _, origin := range s.CORSOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || strings.Contains(u.Host, "*") || u.Scheme+"://"+u.Host != origin {
			f.add("LATCHKEY_CORS_ORIGINS: %q is not an exact origin, as in https://app.example.com", origin)
		}
	}
}

func (s *Serve) checkTokens(f *faults) {
	within := func(name string, value, low, high time.Duration) {
		if value < low || value > high {
			f.add("%s: %v is not between %v and %v", name, value, low, high)
		}
	}
	within("LATCHKEY_ACCESS_TTL", s.AccessTTL, 10*time.Second, time.Hour)
	within("LATCHKEY_REFRESH_GRACE", s.RefreshGrace, 0, 2*time.Minute)
	within("LATCHKEY_SESSION_MAX", s.SessionMax, s.AccessTTL, 8760*time.Hour)
	within("LATCHKEY_SESSION_IDLE", s.SessionIdle, s.AccessTTL, s.SessionMax)
	within("LATCHKEY_AUDIT_RETENTION", s.Retention, 24*time.Hour, 100*8760*time.Hour)
	within("LATCHKEY_DRAIN_DELAY", s.DrainDelay, 0, time.Minute)
	if !slices.Contains([]string{"ES256", "RS256", "EdDSA"}, s.Algorithm) {
		f.add("LATCHKEY_SIGNING_ALGORITHM: %q is not ES256, RS256 or EdDSA", s.Algorithm)
	}
	if !slices.Contains([]string{"at+jwt", "JWT"}, s.TokenType) {
		f.add("LATCHKEY_TOKEN_TYPE: %q is not at+jwt or JWT", s.TokenType)
	}
}
