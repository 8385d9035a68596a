package bearer

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// MaxKeyAge is how long keys are used after their last successful refresh. Older ones are not: the
// service may have revoked them since.
const MaxKeyAge = 24 * time.Hour

const (
	defaultLeeway = 30 * time.Second
	maxLeeway     = time.Minute
	fetchTimeout  = 5 * time.Second
)

// Config configures a [Verifier]. Issuer and Audience are required; the zero value of every other
// field is a good choice.
type Config struct {
	// Issuer is the URL of the service, exactly as in LATCHKEY_ISSUER and in the iss claim.
	Issuer string

	// Audience identifies your API. It must be one of the values of the aud claim: by default, the
	// issuer; otherwise one of LATCHKEY_AUDIENCE or of the audiences of the client.
	Audience string

	// URL is where your API reaches the service, if not at Issuer, such as http://latchkey:8080 inside
	// a cluster.
	URL string

	// AllowHTTP permits a URL with the scheme http that is not on this machine. Whoever controls the
	// network in between can then supply keys of their own.
	AllowHTTP bool

	// TokenType is the typ header of access tokens. The default is "at+jwt" (RFC 9068 §2.1); set "JWT"
	// if the service has LATCHKEY_TOKEN_TYPE=JWT.
	TokenType string

	// Leeway is the tolerance for differences between clocks. The default is 30 seconds, the maximum
	// one minute.
	Leeway time.Duration

	// Revocations makes the Verifier follow the list of ended sessions and refuse their tokens within
	// seconds.
	Revocations bool

	// MaxRevocationsAge is how old the list of ended sessions may be. When the service, or its database,
	// has not been reached for longer, all tokens get 503. 0 means no limit: tokens are then accepted until they
	// expire. Only used with Revocations.
	MaxRevocationsAge time.Duration

	// Introspection makes the Verifier ask the service about each token (RFC 7662).
	Introspection *Introspection

	// Realm is sent in WWW-Authenticate. The default is Issuer. It is ASCII, without quotes and
	// backslashes.
	Realm string

	// ErrorHandler writes the response to a request that may not pass, after the WWW-Authenticate and
	// Retry-After headers have been set. The default writes application/problem+json (RFC 9457).
	ErrorHandler func(w http.ResponseWriter, r *http.Request, err *Error)

	// Client sends the requests to the service. The default is a client with a timeout; each request
	// has a deadline of its own in any case.
	Client *http.Client

	// Log receives a warning when the service cannot be reached, and an event when it is back. The
	// default is slog.Default.
	Log *slog.Logger
}

// Introspection configures token introspection (RFC 7662). The client must be confidential, and the
// tokens must be issued to it or for one of its audiences.
type Introspection struct {
	ClientID     string
	ClientSecret string

	// CacheFor is how long a response is used again for the same token. The default is 0: each request
	// is a call.
	CacheFor time.Duration
}

// withDefaults returns the configuration to work with, or an error that names what is wrong.
func (c Config) withDefaults() (Config, error) {
	if c.Issuer == "" || c.Audience == "" {
		return c, errors.New("bearer: Issuer and Audience are required")
	}
	set(&c.URL, c.Issuer)
	set(&c.TokenType, "at+jwt")
	set(&c.Realm, c.Issuer)
	set(&c.Leeway, defaultLeeway)
	c.URL = strings.TrimSuffix(c.URL, "/")
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 3 * maxWait}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.ErrorHandler == nil {
		c.ErrorHandler = writeProblem
	}
	return c, c.check()
}

func set[T comparable](field *T, to T) {
	var zero T
	if *field == zero {
		*field = to
	}
}

func (c Config) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("bearer: %q is not the URL of a service", c.URL)
	case u.Scheme == "http" && !c.AllowHTTP && !isLoopback(u.Hostname()):
		return fmt.Errorf("bearer: %s would load keys over plain HTTP; use https, or set AllowHTTP in a network that you trust", c.URL)
	case c.Leeway < 0 || c.Leeway > maxLeeway:
		return fmt.Errorf("bearer: Leeway is %v; it must be between 0 and %v", c.Leeway, maxLeeway)
	case c.MaxRevocationsAge < 0:
		return errors.New("bearer: MaxRevocationsAge is negative")
	case !isQuotable(c.Realm):
		return errors.New("bearer: Realm has characters that a header cannot contain")
	case c.Introspection != nil && (c.Introspection.ClientID == "" || c.Introspection.ClientSecret == ""):
		return errors.New("bearer: Introspection needs ClientID and ClientSecret")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isQuotable reports whether a text can be written between quotes as it is (RFC 6750 §3).
func isQuotable(text string) bool {
	for _, c := range []byte(text) {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
