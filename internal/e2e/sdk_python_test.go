//go:build sdk

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The code of docs/clients/python.md does what it says.
func TestSDKPython(t *testing.T) {
	t.Parallel()
	s := startForSDK(t)
	dir := t.TempDir()
	contract := s.writeContract(t, dir)
	extract(t, "python.md", dir)
	python := required(t, "SDK_PYTHON")
	// The generator formats its code with ruff, which it looks for in PATH.
	path := "PATH=" + filepath.Dir(python) + ":/usr/bin:/bin"
	said := run(t, dir, []string{path}, "sh", "-c", `"$0" -m openapi_python_client generate --path "$1" --output-path generated 2>&1`, python, contract)
	// It cannot read YAML and signed lists, and leaves out nothing else.
	require.Equal(t, 2, strings.Count(said, "WARNING"), said)
	require.Contains(t, said, "WARNING parsing GET /openapi.yaml")
	require.Contains(t, said, "WARNING parsing GET /revocations")
	out := run(t, dir, []string{"AUTH_URL=" + s.issuer, "PYTHONPATH=generated"}, python, "example.py")
	require.Equal(t, expectedOf("alan", "['ROLE_USER']"), out)
}
