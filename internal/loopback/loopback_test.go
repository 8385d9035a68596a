package loopback_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/loopback"
)

func TestIs(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "127.0.0.1": true, "127.0.0.1:0": true, "127.9.9.9": true, "::1": true,
		"[::1]": true, "[::1]:8080": true, "::ffff:127.0.0.1": true,
		"": false, ":8080": false, "0.0.0.0": false, "[::]:8080": false, "192.0.2.1": false, "localhost.example.org": false,
		"127.0.0.1.example.org": false, "LOCALHOST.": false, "[::1]]": false,
	} {
		require.Equal(t, want, loopback.Is(address), address)
	}
}
