//go:build sdk

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The code of docs/clients/java.md does what it says.
func TestSDKJava(t *testing.T) {
	t.Parallel()
	s := startForSDK(t)
	dir := t.TempDir()
	contract := s.writeContract(t, dir)
	src := filepath.Join(dir, "src")
	extract(t, "java.md", src)
	pom, err := os.ReadFile("testdata/sdk/java/pom.xml")
	require.NoError(t, err)
	plugin, err := os.ReadFile(filepath.Join(src, "generator.xml"))
	require.NoError(t, err)
	const place = "<!-- generator.xml of docs/clients/java.md -->"
	require.Contains(t, string(pom), place)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pom.xml"), []byte(strings.Replace(string(pom), place, string(plugin), 1)), 0o600))
	out := run(t, dir, []string{"AUTH_URL=" + s.issuer}, required(t, "SDK_MAVEN"), "--batch-mode", "--quiet",
		"-Dopenapi.json="+contract, "compile", "exec:java")
	require.Contains(t, out, expectedOf("james", "[ROLE_USER]")) // after the banner of the generator
}
