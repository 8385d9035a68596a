package config

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Settings that are accepted are safe, whatever their text: TLS to other machines, an https issuer, exact
// origins, no network of all addresses. No error contains a password.
func FuzzSettings(f *testing.F) {
	const password = "c4n4ry-p4ssw0rd"
	for _, database := range []string{
		"postgres://u:" + password + "@localhost/x", "postgres://u:" + password + "/x@db/x", "postgres://u:" + password + "@ss@db,db2:5/x?sslmode=verify-full",
		"postgres://u:" + password + "%zz@db/x", "postgres:///x?host=/run&password=" + password, "postgres://h:" + password, "sqlite:x", "mysql://u:" + password + "@x",
		"postgres://db/x@localhost", "postgres://%2Frun/x", "postgres://u:" + password + "@db/x?%zz=" + password,
		"postgres://u:p@" + password + "/x@db/x", "postgres://u:p@" + password + "?x@db/x", "postgres://u:p@" + password + "#x@db/x",
	} {
		f.Add(database, "127.0.0.1:8080", "https://auth.example.com", "https://app.example.com", "10.0.0.0/8")
	}
	f.Add("", ":8080", "http://localhost:8080", "http://localhost:3000,null", "::/0,0.0.0.0/0")
	f.Add("sqlite:", "[::1]:0", "https://evil@auth.example.com/#x", "https://*.example.com", "::ffff:0:0/96")
	f.Add("sqlite::memory:", "127.0.0.1", "https://auth.example.com\r\nX: y", "https://a b", "10.0.0.1/33")
	f.Fuzz(func(t *testing.T, database, listen, issuer, origin, network string) {
		s := validServe()
		s.URL, s.Listen, s.Issuer = database, listen, issuer
		s.CORSOrigins, s.TrustedProxies, s.Networks = strings.Split(origin, ","), strings.Split(network, ","), strings.Split(network, ",")
		err := s.Resolve()
		if err != nil {
			require.NotContains(t, err.Error(), password)
			return
		}
		require.True(t, strings.HasPrefix(s.URL, "sqlite:") || strings.HasPrefix(s.URL, "postgres"))
		if s.Issuer != "" {
			u, err := url.Parse(s.Issuer)
			require.NoError(t, err)
			require.True(t, u.Scheme == "https" || u.Scheme == "http" && isLocal(u.Host), s.Issuer)
			require.Empty(t, u.RawQuery+u.Fragment)
			require.NotContains(t, s.Issuer, "\n")
		}
		for _, origin := range s.CORSOrigins {
			u, err := url.Parse(origin)
			require.NoError(t, err)
			require.Equal(t, origin, u.Scheme+"://"+u.Host)
			require.NotContains(t, origin, "*")
		}
		proxies, err := s.Proxies()
		require.NoError(t, err)
		for _, p := range proxies {
			require.Positive(t, p.Bits())
			require.Equal(t, p.Masked(), p)
		}
	})
}
