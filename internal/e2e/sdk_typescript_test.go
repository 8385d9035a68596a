//go:build sdk

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The code of docs/clients/typescript.md compiles in strict mode and does what it says.
func TestSDKTypeScript(t *testing.T) {
	t.Parallel()
	s := startForSDK(t)
	dir := nodeProject(t)
	contract := s.writeContract(t, dir)
	extract(t, "typescript.md", dir)
	run(t, dir, nil, tool(t, "openapi-typescript"), contract, "--output", "schema.ts")
	run(t, dir, nil, tool(t, "openapi-ts"), "--input", contract, "--no-log-file")
	run(t, dir, nil, tool(t, "tsc"), "--outDir", "built")
	for example, username := range map[string]string{"example-openapi-fetch": "ada", "example-hey-api": "grace"} {
		out := run(t, dir, []string{"AUTH_URL=" + s.issuer}, "node", "built/"+example+".js")
		require.Equal(t, expectedOf(username, "[ 'ROLE_USER' ]"), out, example)
	}
}

// nodeProject returns a directory in which the packages of `make sdk` can be imported.
func nodeProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Symlink(required(t, "SDK_NODE_MODULES"), filepath.Join(dir, "node_modules")))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("package.json", `{"type": "module"}`)
	write("tsconfig.json", `{"compilerOptions": {"strict": true, "target": "es2022", "module": "nodenext",
		"skipLibCheck": true, "rootDir": "."}, "exclude": ["node_modules", "built"]}`)
	return dir
}

// tool returns the path of a program of the packages.
func tool(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(required(t, "SDK_NODE_MODULES"), ".bin", name)
}
