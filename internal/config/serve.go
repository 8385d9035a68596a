package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/loopback"
)

// Serve has the settings of the service.
type Serve struct {
	Database `embed:"" group:"Database"`

	Dev            bool     `env:"LATCHKEY_DEV" help:"Run for development: listen on loopback only, generate a secret on first start, create three users, serve the demo routes."`
	Listen         string   `env:"LATCHKEY_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on. Default: ${default}."`
	BehindTLSProxy bool     `name:"behind-tls-proxy" env:"LATCHKEY_BEHIND_TLS_PROXY" help:"Allow plain HTTP on an address other than loopback, because a proxy in front terminates TLS."`
	TLSCert        string   `name:"tls-cert" env:"LATCHKEY_TLS_CERT" placeholder:"FILE" help:"File with the TLS certificate and its intermediates (PEM). The service then speaks TLS itself; it reads the files again when they change."`
	TLSKey         string   `name:"tls-key" env:"LATCHKEY_TLS_KEY" placeholder:"FILE" help:"File with the private key of the TLS certificate (PEM)."`
	AdminListen    string   `name:"admin-listen" env:"LATCHKEY_ADMIN_LISTEN" placeholder:"HOST:PORT" help:"Address for metrics and profiles, without authentication: /metrics, /debug/pprof/, /buildinfo. Without a host it is loopback. Default: none."`
	TrustedProxies []string `name:"trusted-proxies" env:"LATCHKEY_TRUSTED_PROXIES" placeholder:"CIDR" help:"Networks of the proxies whose X-Forwarded-For header is trusted."`
	Issuer         string   `env:"LATCHKEY_ISSUER" placeholder:"URL" help:"Public URL of the service, https and without a trailing slash. It is the iss claim of every token and the base of the metadata URLs. Default in development: the listening address."`
	CORSOrigins    []string `name:"cors-origins" env:"LATCHKEY_CORS_ORIGINS" placeholder:"ORIGIN" help:"Origins of browser front ends that may call the service, each exact. In development every loopback origin is allowed."`
	SecretFile     string   `name:"secret-file" env:"LATCHKEY_SECRET_FILE" placeholder:"FILE" help:"File with the master secret, at least 32 bytes; several secrets one per line, newest first. Alternatively set LATCHKEY_SECRET in the environment."`

	DemoRoutes   bool `name:"demo-routes" env:"LATCHKEY_DEMO_ROUTES" help:"Serve the example operations /api/test/* and /api/auth/users/me/items. Always on in development."`
	Console      bool `env:"LATCHKEY_CONSOLE" default:"true" negatable:"" help:"Serve the administration console at /console. Default: ${default}."`
	Signup       bool `env:"LATCHKEY_SIGNUP" default:"true" negatable:"" help:"Let anyone sign up. Default: ${default}."`
	PublicClient bool `name:"public-client" env:"LATCHKEY_PUBLIC_CLIENT" default:"true" negatable:"" help:"Accept token requests that name no client, such as those of Swagger UI with blank client fields. Default: ${default}."`

	Audience     []string      `env:"LATCHKEY_AUDIENCE" placeholder:"URI" help:"The aud claim of access tokens. Default: the issuer."`
	Algorithm    string        `name:"signing-algorithm" env:"LATCHKEY_SIGNING_ALGORITHM" default:"ES256" placeholder:"ALG" help:"Algorithm that signs access tokens: ES256, RS256 or EdDSA. Default: ${default}."`
	TokenType    string        `name:"token-type" env:"LATCHKEY_TOKEN_TYPE" default:"at+jwt" placeholder:"TYP" help:"The typ header of access tokens: at+jwt, or JWT for verifiers that reject at+jwt. Default: ${default}."`
	JWTAudiences []string      `name:"jwt-audiences" env:"LATCHKEY_JWT_AUDIENCES" placeholder:"URI" help:"Audiences whose access tokens have the typ header JWT, for APIs whose library rejects at+jwt; all others keep LATCHKEY_TOKEN_TYPE. Default: none."`
	AccessTTL    time.Duration `name:"access-ttl" env:"LATCHKEY_ACCESS_TTL" default:"15m" placeholder:"TIME" help:"Lifetime of an access token, 10s to 1h. Default: ${default}."`
	RefreshGrace time.Duration `name:"refresh-grace" env:"LATCHKEY_REFRESH_GRACE" default:"30s" placeholder:"TIME" help:"How long a used refresh token can be retried; a retry returns the same new token. 0s to 2m. Default: ${default}."`
	SessionIdle  time.Duration `name:"session-idle" env:"LATCHKEY_SESSION_IDLE" default:"336h" placeholder:"TIME" help:"How long after its last use a session ends. Default: ${default}."`
	SessionMax   time.Duration `name:"session-max" env:"LATCHKEY_SESSION_MAX" default:"2160h" placeholder:"TIME" help:"How long after its start a session ends in any case, at most 8760h. Default: ${default}."`

	VerifiedEmail bool `name:"require-verified-email" env:"LATCHKEY_REQUIRE_VERIFIED_EMAIL" help:"Let only users with a confirmed email address sign in."`

	Compat []string `env:"LATCHKEY_COMPAT" placeholder:"PROFILE" help:"Compatibility profiles, for front ends of other systems: codevoweb, fastapi-users, pycharm. Default: none."`

	Mail Mail `embed:"" group:"Email"`

	Pages Pages `embed:"" group:"Pages"`

	Webhooks `embed:""`

	DatabaseWait time.Duration `name:"database-wait" env:"LATCHKEY_DATABASE_WAIT" default:"30s" placeholder:"TIME" help:"How long a start waits for a PostgreSQL database that is unavailable, at most 1h; 0s to fail at once. Default: ${default}."`

	AuditRetention time.Duration `name:"audit-retention" env:"LATCHKEY_AUDIT_RETENTION" default:"8760h" placeholder:"TIME" help:"How long audit events are kept, at least 24h. Default: ${default}."`

	LogFormat  string        `name:"log-format" env:"LATCHKEY_LOG_FORMAT" enum:"text,json" default:"text" placeholder:"FORMAT" help:"Format of the log on standard error: text or json. Default: ${default}."`
	LogLevel   string        `name:"log-level" env:"LATCHKEY_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Lowest level to log: debug, info, warn or error. Default: ${default}."`
	DrainDelay time.Duration `name:"drain-delay" env:"LATCHKEY_DRAIN_DELAY" default:"0s" placeholder:"TIME" help:"How long /readyz fails before the listener closes, so that load balancers notice; at most 1m. Default: ${default}."`

	// Secrets are the master secrets, newest first. They have no flag, because flags are visible in
	// the process list.
	Secrets [][]byte `kong:"-"`
}

// Resolve fills in the defaults that depend on other settings and returns everything that is unsafe
// or invalid. It reads the secret file and touches nothing else on disk.
func (s *Serve) Resolve() error {
	var p problems
	if err := s.Database.Resolve(); err != nil {
		p = append(p, err)
	}
	s.DemoRoutes = s.DemoRoutes || s.Dev
	s.checkListener(&p)
	s.checkTLS(&p)
	s.checkAdmin(&p)
	s.checkIssuer(&p)
	s.checkOrigins(&p)
	s.checkTokens(&p)
	s.checkCompat(&p)
	s.Mail.resolve(&p)
	s.Pages.check(&p)
	if s.VerifiedEmail && s.Mail.Host == "" && !s.Dev {
		p.add("LATCHKEY_REQUIRE_VERIFIED_EMAIL: users cannot confirm their email address until LATCHKEY_SMTP_HOST is set")
	}
	s.Secrets = readSecrets(s.SecretFile, s.Dev, &p)
	return errors.Join(p...)
}

func (s *Serve) checkListener(p *problems) {
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		p.add("LATCHKEY_LISTEN: %q is not HOST:PORT", s.Listen)
		return
	}
	switch {
	case loopback.Is(s.Listen):
	case s.Dev:
		p.add("LATCHKEY_LISTEN: --dev listens on loopback only, for example on 127.0.0.1:8080")
	case !s.BehindTLSProxy && !s.TLS():
		p.add("LATCHKEY_LISTEN: %s is not loopback and this is plain HTTP: put a proxy that terminates TLS in front and set LATCHKEY_BEHIND_TLS_PROXY=true, or set LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY", s.Listen)
	}
	if _, err := s.Proxies(); err != nil {
		*p = append(*p, err)
	}
	if _, err := s.WebhookNetworks(); err != nil {
		*p = append(*p, err)
	}
}

// Proxies returns the networks of the trusted proxies.
func (s *Serve) Proxies() ([]netip.Prefix, error) {
	return parseNetworks("LATCHKEY_TRUSTED_PROXIES", "proxies", s.TrustedProxies)
}

// parseNetworks parses the networks of a setting. A network of all addresses is a problem.
func parseNetworks(variable, of string, texts []string) ([]netip.Prefix, error) {
	var p problems
	var all []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			p.add("%s: %q is not a network, for example 10.0.0.0/8", variable, text)
		case prefix.Bits() == 0:
			p.add("%s: %s trusts every address; list only the networks of your %s", variable, text, of)
		default:
			all = append(all, prefix.Masked())
		}
	}
	return all, errors.Join(p...)
}

func (s *Serve) checkIssuer(p *problems) {
	if s.Issuer == "" {
		if !s.Dev {
			p.add("LATCHKEY_ISSUER is not set: set it to the public URL of this service, for example https://auth.example.com")
		}
		return
	}
	u, err := url.Parse(s.Issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(s.Issuer, "\"\\ "):
		p.add("LATCHKEY_ISSUER: %q is not a URL of only scheme, host and path", s.Issuer)
	case strings.HasSuffix(s.Issuer, "/"):
		p.add("LATCHKEY_ISSUER: remove the trailing slash; verifiers compare the URL exactly")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback.Is(u.Host)):
		p.add("LATCHKEY_ISSUER: %q is not https", s.Issuer)
	}
}

func (s *Serve) checkOrigins(p *problems) {
	for _, origin := range s.CORSOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || strings.Contains(u.Host, "*") || u.Scheme+"://"+u.Host != origin {
			p.add("LATCHKEY_CORS_ORIGINS: %q is not an exact origin, for example https://app.example.com", origin)
		}
	}
}

// compatProfiles are the names of the compatibility profiles.
var compatProfiles = []string{"codevoweb", "fastapi-users", "pycharm"}

// checkCompat checks the names of the profiles and leaves each once, in the order of compatProfiles.
func (s *Serve) checkCompat(p *problems) {
	var on []string
	for _, name := range s.Compat {
		if name != "" && !slices.Contains(compatProfiles, name) {
			p.add("LATCHKEY_COMPAT: %q is not a profile; the profiles are %s", name, strings.Join(compatProfiles, ", "))
		}
	}
	for _, name := range compatProfiles {
		if slices.Contains(s.Compat, name) {
			on = append(on, name)
		}
	}
	s.Compat = on
}

func (s *Serve) checkTokens(p *problems) {
	within := func(name string, value, low, high time.Duration) {
		if value < low || value > high {
			p.add("%s: %v is not between %v and %v", name, value, low, high)
		}
	}
	within("LATCHKEY_ACCESS_TTL", s.AccessTTL, 10*time.Second, time.Hour)
	within("LATCHKEY_REFRESH_GRACE", s.RefreshGrace, 0, 2*time.Minute)
	within("LATCHKEY_SESSION_MAX", s.SessionMax, s.AccessTTL, 8760*time.Hour)
	within("LATCHKEY_SESSION_IDLE", s.SessionIdle, s.AccessTTL, s.SessionMax)
	within("LATCHKEY_AUDIT_RETENTION", s.AuditRetention, 24*time.Hour, 100*8760*time.Hour)
	within("LATCHKEY_DATABASE_WAIT", s.DatabaseWait, 0, time.Hour)
	within("LATCHKEY_DRAIN_DELAY", s.DrainDelay, 0, time.Minute)
	if !slices.Contains([]string{"ES256", "RS256", "EdDSA"}, s.Algorithm) {
		p.add("LATCHKEY_SIGNING_ALGORITHM: %q is not ES256, RS256 or EdDSA", s.Algorithm)
	}
	if !slices.Contains([]string{"at+jwt", "JWT"}, s.TokenType) {
		p.add("LATCHKEY_TOKEN_TYPE: %q is not at+jwt or JWT", s.TokenType)
	}
}
