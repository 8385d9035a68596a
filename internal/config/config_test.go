package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

const goodSecret = "8mZ1w0gq7cVJt4yP2nXh5sKdR9bLfUoE"

// good are settings without a fault.
func good() Serve {
	return Serve{
		Database: Database{DataDir: "data", MinPassword: 8}, Audit: Audit{Retention: 24 * time.Hour}, Dev: true, Listen: "127.0.0.1:8080", Algorithm: "ES256", TokenType: "at+jwt",
		AccessTTL: 15 * time.Minute, SessionIdle: 336 * time.Hour, SessionMax: 2160 * time.Hour,
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(s *Serve)
		faults []string // each in part; none: accepted
	}{
		"as they are":            {change: func(*Serve) {}},
		"a database elsewhere":   {change: dsn("postgres://u:p@db.example.com/x"), faults: []string{"sslmode=verify-full"}},
		"verified":               {change: dsn("postgres://u:p@db.example.com/x?sslmode=verify-full")},
		"encrypted only":         {change: dsn("postgres://u:p@db.example.com/x?sslmode=require"), faults: []string{"db.example.com"}},
		"allowed by hand":        {change: func(s *Serve) { dsn("postgres://u:p@db/x")(s); s.Insecure = true }},
		"two hosts, one local":   {change: dsn("postgres://u:p@localhost,db2:5432/x"), faults: []string{"db2:5432"}},
		"two hosts":              {change: dsn("postgres://u:p@db1,db2/x"), faults: []string{"db1", "db2"}},
		"host as an option":      {change: dsn("postgres:///x?host=db3"), faults: []string{"db3"}},
		"a socket":               {change: dsn("postgres:///x?host=/var/run/postgresql")},
		"loopback":               {change: dsn("postgresql://u:p@[::1]:5432/x")},
		"an at sign in password": {change: dsn("postgres://u:p@ss@db4/x"), faults: []string{"db4"}},
		"another kind":           {change: dsn("mysql://x"), faults: []string{"neither postgres:// nor sqlite:"}},
		"sqlite without a path":  {change: dsn("sqlite:"), faults: []string{"needs a path"}},

		"no port":              {change: func(s *Serve) { s.Listen = "localhost" }, faults: []string{"HOST:PORT"}},
		"all interfaces":       {change: func(s *Serve) { s.Listen = ":8080" }, faults: []string{"loopback only"}},
		"localhost":            {change: func(s *Serve) { s.Listen = "localhost:0" }},
		"a proxy that is none": {change: func(s *Serve) { s.TrustedProxies = []string{"10.0.0.1"} }, faults: []string{"is not a network"}},
		"everybody a proxy":    {change: func(s *Serve) { s.TrustedProxies = []string{"::/0"} }, faults: []string{"trusts everybody"}},
		"two bad proxies":      {change: func(s *Serve) { s.TrustedProxies = []string{"a", "0.0.0.0/0"} }, faults: []string{"not a network", "trusts everybody"}},

		"issuer":                 {change: issuer("https://auth.example.com/path")},
		"issuer on loopback":     {change: issuer("http://localhost:8080")},
		"issuer without TLS":     {change: issuer("http://auth.example.com"), faults: []string{"not https"}},
		"issuer with a slash":    {change: issuer("https://auth.example.com/"), faults: []string{"trailing slash"}},
		"issuer with a query":    {change: issuer("https://auth.example.com?x=1"), faults: []string{"scheme, host and path"}},
		"issuer with a quote":    {change: issuer(`https://auth.example.com/"`), faults: []string{"scheme, host and path"}},
		"issuer with a password": {change: issuer("https://u:p@auth.example.com"), faults: []string{"scheme, host and path"}},
		"issuer without a host":  {change: issuer("auth.example.com"), faults: []string{"scheme, host and path"}},

		"origin":             {change: origin("https://app.example.com")},
		"origin with a path": {change: origin("https://app.example.com/"), faults: []string{"exact origin"}},
		"origin with a star": {change: origin("https://*.example.com"), faults: []string{"exact origin"}},
		"any origin":         {change: origin("*"), faults: []string{"exact origin"}},

		"access too short":     {change: func(s *Serve) { s.AccessTTL = 9 * time.Second }, faults: []string{"LATCHKEY_ACCESS_TTL"}},
		"access too long":      {change: func(s *Serve) { s.AccessTTL = time.Hour + 1 }, faults: []string{"LATCHKEY_ACCESS_TTL"}},
		"session under access": {change: func(s *Serve) { s.SessionIdle = time.Minute }, faults: []string{"LATCHKEY_SESSION_IDLE"}},
		"session over its end": {change: func(s *Serve) { s.SessionIdle = s.SessionMax + 1 }, faults: []string{"LATCHKEY_SESSION_IDLE"}},
		"session for ever":     {change: func(s *Serve) { s.SessionMax = 8761 * time.Hour }, faults: []string{"LATCHKEY_SESSION_MAX"}},
		"a long drain":         {change: func(s *Serve) { s.DrainDelay = 2 * time.Minute }, faults: []string{"LATCHKEY_DRAIN_DELAY"}},
		"HMAC":                 {change: func(s *Serve) { s.Algorithm = "HS256" }, faults: []string{"ES256, RS256 or EdDSA"}},
		"no algorithm":         {change: func(s *Serve) { s.Algorithm = "none" }, faults: []string{"ES256, RS256 or EdDSA"}},
		"another type":         {change: func(s *Serve) { s.TokenType = "jwt" }, faults: []string{"at+jwt or JWT"}},
		"short passwords":      {change: func(s *Serve) { s.MinPassword = 7 }, faults: []string{"LATCHKEY_MIN_PASSWORD"}},
		"everything at once": {change: func(s *Serve) {
			s.Dev, s.Listen, s.Algorithm, s.MinPassword, s.AccessTTL = false, "0.0.0.0:1", "none", 1, 0
			s.URL, s.CORSOrigins = "mysql://x", []string{"*"}
		}, faults: []string{"DATABASE_URL", "MIN_PASSWORD", "LATCHKEY_LISTEN", "LATCHKEY_ISSUER", "LATCHKEY_CORS", "LATCHKEY_ACCESS_TTL", "ALGORITHM", "LATCHKEY_SECRET"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := good()
			c.change(&s)
			err := s.Resolve()
			if len(c.faults) == 0 {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			said := strings.Split(err.Error(), "\n")
			require.Len(t, said, len(c.faults), err)
			for i, part := range c.faults {
				require.Contains(t, said[i], part)
			}
		})
	}
}

func dsn(to string) func(*Serve)    { return func(s *Serve) { s.URL = to } }
func issuer(to string) func(*Serve) { return func(s *Serve) { s.Issuer = to } }
func origin(to string) func(*Serve) { return func(s *Serve) { s.CORSOrigins = []string{to} } }

func TestDefaults(t *testing.T) {
	t.Parallel()
	s := good()
	require.NoError(t, s.Resolve())
	require.Equal(t, "sqlite:data/latchkey.db", s.URL)
	require.Equal(t, "data/latchkey.db", s.SQLitePath())
	require.True(t, s.DemoRoutes)
	s = good()
	s.URL = "postgres://localhost/x"
	require.NoError(t, s.Resolve())
	require.Empty(t, s.SQLitePath())
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	other := strings.ToLower(goodSecret)
	for name, c := range map[string]struct {
		text  string
		count int
		fault string
	}{
		"one":              {text: goodSecret, count: 1},
		"two, by comma":    {text: goodSecret + "," + other, count: 2},
		"two, a line each": {text: " " + goodSecret + " \r\n\n" + other + "\n", count: 2},
		"short":            {text: goodSecret[:31], count: 1, fault: "has 31 bytes"},
		"the second short": {text: goodSecret + ",x", count: 2, fault: "secret 2 has 1 bytes"},
		"one letter":       {text: strings.Repeat("x", 40), count: 1, fault: "no random text"},
		"twice":            {text: goodSecret + "," + goodSecret, count: 2, fault: "there twice"},
		"nothing":          {text: " ,\n", fault: "is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := splitSecrets(c.text)
			require.Len(t, all, c.count)
			var f faults
			checkSecrets(all, &f)
			if c.fault == "" {
				require.Empty(t, f)
				return
			}
			require.Len(t, f, 1)
			require.ErrorContains(t, f[0], c.fault)
			require.NotContains(t, f[0].Error(), goodSecret[:8])
		})
	}
}

func TestSecretFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(goodSecret+"\n"), 0o600))
	s := good()
	s.SecretFile = path
	require.NoError(t, s.Resolve())
	require.Equal(t, [][]byte{[]byte(goodSecret)}, s.Secrets)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620} {
		require.NoError(t, os.Chmod(path, mode))
		s := good()
		s.SecretFile = path
		require.ErrorContains(t, s.Resolve(), "chmod 600")
	}
}

// Many processes that start at once make one development secret.
func TestDevSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := make(chan string, 20)
	for range cap(made) {
		go func() {
			secret, err := DevSecret(dir)
			if err != nil {
				secret = []byte(err.Error())
			}
			made <- string(secret)
		}()
	}
	first := <-made
	require.Len(t, first, 43)
	for range cap(made) - 1 {
		require.Equal(t, first, <-made)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "no half-written file stays")
}

func TestCheckEnvironment(t *testing.T) {
	t.Parallel()
	var grammar struct {
		Serve Serve `cmd:"" name:"serve"`
	}
	parser, err := kong.New(&grammar)
	require.NoError(t, err)
	require.NoError(t, CheckEnvironment(parser.Model, []string{"LATCHKEY_LISTEN=x", "LATCHKEY_SECRET=x", "PATH=x", "LATCHKEYS=x"}))
	err = CheckEnvironment(parser.Model, []string{"LATCHKEY_LISTN=canary", "LATCHKEY_SECRETS=canary"})
	require.ErrorContains(t, err, "LATCHKEY_LISTN is not a setting")
	require.ErrorContains(t, err, "LATCHKEY_SECRETS is not a setting")
	require.NotContains(t, err.Error(), "canary")
}

// It is not parallel: the working directory and the environment are the process's.
func TestDotEnv(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, LoadDotEnv(), "no file is no fault")
	t.Setenv("LATCHKEY_TEST_SET", "environment")
	t.Setenv("LATCHKEY_TEST_NEW", "") // so that it is put back
	require.NoError(t, os.Unsetenv("LATCHKEY_TEST_NEW"))
	require.NoError(t, os.WriteFile(".env", []byte("LATCHKEY_TEST_SET=file\nLATCHKEY_TEST_NEW=\"a # b\"\n"), 0o600))
	require.NoError(t, LoadDotEnv())
	require.Equal(t, "environment", os.Getenv("LATCHKEY_TEST_SET"))
	require.Equal(t, "a # b", os.Getenv("LATCHKEY_TEST_NEW"))
	require.NoError(t, os.WriteFile(".env", []byte("no assignment at all\n"), 0o600))
	require.ErrorContains(t, LoadDotEnv(), ".env")
}
