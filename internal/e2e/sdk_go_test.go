//go:build sdk

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The code of docs/clients/go.md does what it says.
func TestSDKGo(t *testing.T) {
	t.Parallel()
	s := startForSDK(t)
	// The program imports the client, so it must be in this module; go ignores .bin unless it is named.
	require.NoError(t, os.MkdirAll("../../.bin/sdk", 0o700))
	dir, err := os.MkdirTemp("../../.bin/sdk", "go")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	extract(t, "go.md", dir)
	out := run(t, "../..", []string{"AUTH_URL=" + s.issuer}, "go", "run", "./.bin/sdk/"+filepath.Base(dir))
	require.Equal(t, expectedOf("rob", "[ROLE_USER]"), out)
}
