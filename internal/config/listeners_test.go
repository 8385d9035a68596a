package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The admin listener is on loopback unless the setting names another host.
func TestAdminListen(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"": "", ":9090": "127.0.0.1:9090", "127.0.0.1:9090": "127.0.0.1:9090", "0.0.0.0:9090": "0.0.0.0:9090", "[::1]:9090": "[::1]:9090",
	} {
		s := Serve{AdminListen: given}
		var p problems
		s.checkAdmin(&p)
		require.Empty(t, p, given)
		require.Equal(t, want, s.AdminListen)
	}
}

// Development promises that nobody else can reach the service, metrics included.
func TestAdminListenInDevelopment(t *testing.T) {
	t.Parallel()
	for address, fails := range map[string]bool{"0.0.0.0:9090": true, "192.0.2.1:9090": true, "127.0.0.1:9090": false, "[::1]:9090": false, ":9090": false} {
		s := Serve{Dev: true, AdminListen: address}
		var p problems
		s.checkAdmin(&p)
		require.Equal(t, fails, len(p) > 0, address)
	}
}

// A service with a certificate may listen on every address.
func TestTLSNeedsNoProxy(t *testing.T) {
	t.Parallel()
	for _, s := range []Serve{
		{Listen: "0.0.0.0:443", TLSCert: "cert", TLSKey: "key"},
		{Listen: "0.0.0.0:443", BehindTLSProxy: true},
	} {
		var p problems
		s.checkListener(&p)
		s.checkTLS(&p)
		require.Empty(t, p)
	}
}
