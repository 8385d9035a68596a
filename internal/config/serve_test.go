package config

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/keyring"
)

// validServe returns settings without a problem.
func validServe() Serve {
	return Serve{
		Database: Database{DataDir: "data", MinPassword: 8}, Dev: true, Listen: "127.0.0.1:8080", Algorithm: "ES256", TokenType: "at+jwt",
		AccessTTL: 15 * time.Minute, SessionIdle: 336 * time.Hour, SessionMax: 2160 * time.Hour, AuditRetention: 24 * time.Hour,
	}
}

var serveCases = map[string]struct {
	change   func(s *Serve)
	problems []string // a part of each line of the error; empty: valid
}{
	"valid": {change: func(*Serve) {}},

	"remote database":                    {change: databaseURL("postgres://u:p@db.example.com/x"), problems: []string{"sslmode=verify-full"}},
	"remote database, verified":          {change: databaseURL("postgres://u:p@db.example.com/x?sslmode=verify-full")},
	"remote database, encrypted only":    {change: databaseURL("postgres://u:p@db.example.com/x?sslmode=require"), problems: []string{"db.example.com"}},
	"remote database, allowed":           {change: func(s *Serve) { databaseURL("postgres://u:p@db/x")(s); s.Insecure = true }},
	"two database hosts, one local":      {change: databaseURL("postgres://u:p@localhost,db2:5432/x"), problems: []string{"db2:5432"}},
	"two database hosts":                 {change: databaseURL("postgres://u:p@db1,db2/x"), problems: []string{"db1", "db2"}},
	"database host as an option":         {change: databaseURL("postgres:///x?host=db3"), problems: []string{"db3"}},
	"database on a Unix socket":          {change: databaseURL("postgres:///x?host=/var/run/postgresql")},
	"database on loopback":               {change: databaseURL("postgresql://u:p@[::1]:5432/x")},
	"at sign in the database password":   {change: databaseURL("postgres://u:p@ss@db4/x"), problems: []string{"db4"}},
	"at sign and slash in the password":  {change: databaseURL("postgres://u:p@s/s@db4/x"), problems: []string{"percent-encode special characters in the password"}},
	"malformed database options":         {change: databaseURL("postgres://localhost/x?%"), problems: []string{"malformed"}},
	"unknown database engine":            {change: databaseURL("mysql://x"), problems: []string{"must begin with postgres:// or sqlite:"}},
	"sqlite without a path":              {change: databaseURL("sqlite:"), problems: []string{"needs a path"}},
	"minimum password length too short":  {change: func(s *Serve) { s.MinPassword = 7 }, problems: []string{"LATCHKEY_MIN_PASSWORD"}},
	"confirmed email without email":      {change: func(s *Serve) { s.Dev, s.VerifiedEmail, s.Issuer = false, true, "https://a.example" }, problems: []string{"LATCHKEY_REQUIRE_VERIFIED_EMAIL", "LATCHKEY_SECRET"}},
	"confirmed email, dev inbox":         {change: func(s *Serve) { s.VerifiedEmail = true }},
	"listen without a port":              {change: func(s *Serve) { s.Listen = "localhost" }, problems: []string{"HOST:PORT"}},
	"dev on all interfaces":              {change: func(s *Serve) { s.Listen = ":8080" }, problems: []string{"loopback only"}},
	"listen on localhost":                {change: func(s *Serve) { s.Listen = "localhost:0" }},
	"trusted proxy without a prefix":     {change: func(s *Serve) { s.TrustedProxies = []string{"10.0.0.1"} }, problems: []string{"is not a network"}},
	"every address a trusted proxy":      {change: func(s *Serve) { s.TrustedProxies = []string{"::/0"} }, problems: []string{"trusts every address"}},
	"two invalid trusted proxies":        {change: func(s *Serve) { s.TrustedProxies = []string{"a", "0.0.0.0/0"} }, problems: []string{"not a network", "trusts every address"}},
	"issuer":                             {change: issuer("https://auth.example.com/path")},
	"issuer on loopback":                 {change: issuer("http://localhost:8080")},
	"issuer without TLS":                 {change: issuer("http://auth.example.com"), problems: []string{"not https"}},
	"issuer with a trailing slash":       {change: issuer("https://auth.example.com/"), problems: []string{"trailing slash"}},
	"issuer with a query":                {change: issuer("https://auth.example.com?x=1"), problems: []string{"scheme, host and path"}},
	"issuer with a quote":                {change: issuer(`https://auth.example.com/"`), problems: []string{"scheme, host and path"}},
	"issuer with a password":             {change: issuer("https://u:p@auth.example.com"), problems: []string{"scheme, host and path"}},
	"issuer without a scheme":            {change: issuer("auth.example.com"), problems: []string{"scheme, host and path"}},
	"origin":                             {change: corsOrigin("https://app.example.com")},
	"origin with a path":                 {change: corsOrigin("https://app.example.com/"), problems: []string{"exact origin"}},
	"origin with a wildcard":             {change: corsOrigin("https://*.example.com"), problems: []string{"exact origin"}},
	"any origin":                         {change: corsOrigin("*"), problems: []string{"exact origin"}},
	"access token lifetime too short":    {change: func(s *Serve) { s.AccessTTL = 9 * time.Second }, problems: []string{"LATCHKEY_ACCESS_TTL"}},
	"longest access token lifetime":      {change: func(s *Serve) { s.AccessTTL = keyring.MaxLifetime }},
	"access token lifetime too long":     {change: func(s *Serve) { s.AccessTTL = keyring.MaxLifetime + 1 }, problems: []string{"LATCHKEY_ACCESS_TTL"}},
	"session shorter than access token":  {change: func(s *Serve) { s.SessionIdle = time.Minute }, problems: []string{"LATCHKEY_SESSION_IDLE"}},
	"idle time over the maximum":         {change: func(s *Serve) { s.SessionIdle = s.SessionMax + 1 }, problems: []string{"LATCHKEY_SESSION_IDLE"}},
	"session too long":                   {change: func(s *Serve) { s.SessionMax = 8761 * time.Hour }, problems: []string{"LATCHKEY_SESSION_MAX"}},
	"audit retention too short":          {change: func(s *Serve) { s.AuditRetention = time.Hour }, problems: []string{"LATCHKEY_AUDIT_RETENTION"}},
	"drain delay too long":               {change: func(s *Serve) { s.DrainDelay = 2 * time.Minute }, problems: []string{"LATCHKEY_DRAIN_DELAY"}},
	"symmetric signing algorithm":        {change: func(s *Serve) { s.Algorithm = "HS256" }, problems: []string{"ES256, RS256 or EdDSA"}},
	"no signing algorithm":               {change: func(s *Serve) { s.Algorithm = "none" }, problems: []string{"ES256, RS256 or EdDSA"}},
	"unknown token type":                 {change: func(s *Serve) { s.TokenType = "jwt" }, problems: []string{"at+jwt or JWT"}},
	"email":                              {change: func(s *Serve) { s.Mail = Mail{Host: "smtp.example.com", From: "A <a@example.com>", TLS: "starttls"} }},
	"email without a sender":             {change: func(s *Serve) { s.Mail.Host = "smtp.example.com" }, problems: []string{"LATCHKEY_MAIL_FROM"}},
	"email without TLS to a remote host": {change: func(s *Serve) { s.Mail = Mail{Host: "smtp.example.com", From: "a@example.com", TLS: "none"} }, problems: []string{"LATCHKEY_SMTP_TLS"}},
	"email without an SMTP password":     {change: func(s *Serve) { s.Mail = Mail{Host: "localhost", From: "a@example.com", Username: "u"} }, problems: []string{"LATCHKEY_SMTP_PASSWORD"}},
	"pages without TLS": {change: func(s *Serve) { s.Mail.VerifyURL, s.Mail.ResetURL = "http://a.example/v", "http://a.example/r" },
		problems: []string{"LATCHKEY_VERIFY_URL", "LATCHKEY_RESET_URL"}},
	"brand":                 {change: func(s *Serve) { s.Pages.BrandName, s.Pages.BrandColor = "Acme", "#0F766e" }},
	"color that is not one": {change: func(s *Serve) { s.Pages.BrandColor = "red;}" }, problems: []string{"LATCHKEY_BRAND_COLOR"}},
	"name that is too long": {change: func(s *Serve) { s.Pages.BrandName = strings.Repeat("é", 61) }, problems: []string{"LATCHKEY_BRAND_NAME"}},
	"every problem at once": {change: func(s *Serve) {
		s.Dev, s.Listen, s.Algorithm, s.MinPassword, s.AccessTTL = false, "0.0.0.0:1", "none", 1, 0
		s.URL, s.CORSOrigins = "mysql://x", []string{"*"}
	}, problems: []string{"DATABASE_URL", "MIN_PASSWORD", "LATCHKEY_LISTEN", "LATCHKEY_ISSUER", "LATCHKEY_CORS", "LATCHKEY_ACCESS_TTL", "ALGORITHM", "LATCHKEY_SECRET"}},
}

func TestServeResolve(t *testing.T) {
	t.Parallel()
	for name, c := range serveCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := validServe()
			c.change(&s)
			err := s.Resolve()
			if len(c.problems) == 0 {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(c.problems), err)
			for i, part := range c.problems {
				require.Contains(t, lines[i], part)
			}
		})
	}
}

func databaseURL(url string) func(*Serve) { return func(s *Serve) { s.URL = url } }
func issuer(url string) func(*Serve)      { return func(s *Serve) { s.Issuer = url } }
func corsOrigin(origin string) func(*Serve) {
	return func(s *Serve) { s.CORSOrigins = []string{origin} }
}

func TestDefaultsThatDependOnOtherSettings(t *testing.T) {
	t.Parallel()
	s := validServe()
	require.NoError(t, s.Resolve())
	require.Equal(t, "sqlite:data/latchkey.db", s.URL)
	require.Equal(t, "data/latchkey.db", s.SQLitePath())
	require.True(t, s.DemoRoutes)
	s = validServe()
	s.URL = "postgres://localhost/x"
	require.NoError(t, s.Resolve())
	require.Empty(t, s.SQLitePath())
}
