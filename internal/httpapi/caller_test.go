package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUserAgent(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"":                               "",
		"curl/8.5":                       "curl/8.5",
		"a\tb\x00c\x7fd":                 "abcd",
		"Fähre":                          "Fhre",
		strings.Repeat("x", 300):         strings.Repeat("x", maxUserAgent),
		strings.Repeat("ä", 300) + "end": "",
	} {
		require.Equal(t, want, userAgent(&http.Request{Header: http.Header{"User-Agent": {sent}}}), "%q", sent)
	}
}

// X-Forwarded-For counts only if the connection comes from a trusted proxy.
func TestAddressExtractor(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		trusted          []netip.Prefix
		remote, xff, got string
	}{
		"no proxies":              {nil, "203.0.113.9:80", "198.51.100.1", "203.0.113.9"},
		"no proxies, loopback":    {nil, "127.0.0.1:80", "198.51.100.1", "127.0.0.1"},
		"from a proxy":            {proxies, "10.1.2.3:80", "198.51.100.1", "198.51.100.1"},
		"from an IPv6 proxy":      {proxies, "[fd00::1]:80", "2001:db8::1", "2001:db8::1"},
		"from two proxies":        {proxies, "10.1.2.3:80", "198.51.100.1, 10.9.9.9", "198.51.100.1"},
		"forged before the proxy": {proxies, "10.1.2.3:80", "127.0.0.1, 198.51.100.1", "198.51.100.1"},
		"not from a proxy":        {proxies, "203.0.113.9:80", "198.51.100.1", "203.0.113.9"},
		"loopback is not trusted": {proxies, "127.0.0.1:80", "198.51.100.1", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": {c.xff}}}
			require.Equal(t, c.got, addressExtractor(c.trusted)(r))
		})
	}
}
