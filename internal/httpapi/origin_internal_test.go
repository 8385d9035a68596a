package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllowedOrigin(t *testing.T) {
	t.Parallel()
	listed := &Server{Options: Options{CORSOrigins: []string{"https://app.example"}}}
	loopback := &Server{Options: Options{CORSLoopback: true}}
	require.True(t, listed.allowedOrigin("https://app.example"))
	require.False(t, listed.allowedOrigin("http://localhost:3000"))
	for origin, want := range map[string]bool{
		"http://localhost:3000":    true,
		"http://127.0.0.1":         true,
		"http://127.9.9.9:80":      true,
		"https://[::1]:8443":       true,
		"http://localhost.example": false,
		"http://127.0.0.1.example": false,
		"http://192.168.0.1":       false,
		"http://0.0.0.0":           false,
		"https://app.example":      false,
		"null":                     false,
		"":                         false,
		"http://local host":        false,
	} {
		require.Equal(t, want, loopback.allowedOrigin(origin), origin)
	}
}
