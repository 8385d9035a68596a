package config

import (
	"time"
)

// Database is where the data is, and what holds for all that is written to it. All commands that
// open it have these settings.
type Database struct {
	URL      string `name:"database-url" env:"LATCHKEY_DATABASE_URL" placeholder:"URL" help:"postgres://… (several hosts allowed) or sqlite:PATH. Default: sqlite:latchkey.db in the data directory."`
	Insecure bool   `name:"database-insecure" env:"LATCHKEY_DATABASE_INSECURE" help:"Allow a PostgreSQL on another host without sslmode=verify-full."`
	DataDir  string `name:"data-dir" env:"LATCHKEY_DATA_DIR" default:"./data" placeholder:"DIR" help:"Where the embedded database and the development secret are. Default: ${default}."`

	MinPassword int `name:"min-password" env:"LATCHKEY_MIN_PASSWORD" default:"8" placeholder:"N" help:"Shortest password in characters, 8 to 64. Default: ${default}."`
}

// Serve are the settings of the service.
type Serve struct {
	Database `embed:""`

	Dev            bool     `env:"LATCHKEY_DEV" help:"Development: loopback only, a secret made on first start, three seeded users, demo routes."`
	Listen         string   `env:"LATCHKEY_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen. Default: ${default}."`
	BehindTLSProxy bool     `name:"behind-tls-proxy" env:"LATCHKEY_BEHIND_TLS_PROXY" help:"Allow plain HTTP on an address that is not loopback: a proxy in front terminates TLS."`
	TrustedProxies []string `name:"trusted-proxies" env:"LATCHKEY_TRUSTED_PROXIES" placeholder:"CIDR" help:"Networks whose X-Forwarded-For is believed."`
	Issuer         string   `env:"LATCHKEY_ISSUER" placeholder:"URL" help:"Public URL of the service: the iss claim and the base of the metadata; https, without a trailing slash. In development taken from the listener."`
	CORSOrigins    []string `name:"cors-origins" env:"LATCHKEY_CORS_ORIGINS" placeholder:"ORIGIN" help:"Exact origins of front ends elsewhere. In development every loopback origin is allowed."`
	SecretFile     string   `name:"secret-file" env:"LATCHKEY_SECRET_FILE" placeholder:"FILE" help:"File with the master secret, of at least 32 bytes; several one a line, newest first. Or set LATCHKEY_SECRET in the environment."`

	DemoRoutes   bool `name:"demo-routes" env:"LATCHKEY_DEMO_ROUTES" help:"Serve the example operations /api/test/* and /api/auth/users/me/items. On in development."`
	Signup       bool `env:"LATCHKEY_SIGNUP" default:"true" negatable:"" help:"Let anyone sign up. Default: ${default}."`
	PublicClient bool `name:"public-client" env:"LATCHKEY_PUBLIC_CLIENT" default:"true" negatable:"" help:"Serve callers that name no client, as Swagger UI does with blank client fields. Default: ${default}."`

	Audience     []string      `env:"LATCHKEY_AUDIENCE" placeholder:"URI" help:"The aud claim of access tokens. Default: the issuer."`
	Algorithm    string        `name:"signing-algorithm" env:"LATCHKEY_SIGNING_ALGORITHM" default:"ES256" placeholder:"ALG" help:"How access tokens are signed: ES256, RS256 or EdDSA. Default: ${default}."`
	TokenType    string        `name:"token-type" env:"LATCHKEY_TOKEN_TYPE" default:"at+jwt" placeholder:"TYP" help:"The typ header of access tokens: at+jwt, or JWT for verifiers that refuse that. Default: ${default}."`
	AccessTTL    time.Duration `name:"access-ttl" env:"LATCHKEY_ACCESS_TTL" default:"15m" placeholder:"TIME" help:"Life of an access token, 10s to 1h. Default: ${default}."`
	RefreshGrace time.Duration `name:"refresh-grace" env:"LATCHKEY_REFRESH_GRACE" default:"30s" placeholder:"TIME" help:"A used refresh token works again this long, for retries, and gives the same successor; 0s to 2m. Default: ${default}."`
	SessionIdle  time.Duration `name:"session-idle" env:"LATCHKEY_SESSION_IDLE" default:"336h" placeholder:"TIME" help:"A session ends this long after its last use. Default: ${default}."`
	SessionMax   time.Duration `name:"session-max" env:"LATCHKEY_SESSION_MAX" default:"2160h" placeholder:"TIME" help:"A session ends this long after its beginning, in any case; at most 8760h. Default: ${default}."`

	VerifiedEmail bool `name:"require-verified-email" env:"LATCHKEY_REQUIRE_VERIFIED_EMAIL" help:"Let only users with a confirmed e-mail address sign in."`

	Mail  `embed:"" group:"Letters"`
	Audit `embed:""`

	LogFormat  string        `name:"log-format" env:"LATCHKEY_LOG_FORMAT" enum:"text,json" default:"text" placeholder:"FORM" help:"Form of the log on standard error: text or json. Default: ${default}."`
	LogLevel   string        `name:"log-level" env:"LATCHKEY_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error. Default: ${default}."`
	DrainDelay time.Duration `name:"drain-delay" env:"LATCHKEY_DRAIN_DELAY" default:"0s" placeholder:"TIME" help:"How long /readyz fails before the listener closes, so that a load balancer sees it; at most 1m. Default: ${default}."`

	// Secrets are the master secrets, newest first. They have no flag: a flag can be seen in the
	// list of processes.
	Secrets [][]byte `kong:"-"`
}
