//go:build sdk

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The code samples of operations of each kind do the same in all four languages: with a form, with JSON,
// with a token, and without a body.
func TestSDKCodeSamples(t *testing.T) {
	t.Parallel()
	s := startForSDK(t)
	environment := []string{"TOKEN=" + s.devToken(t, "user")}
	dir := nodeProject(t)
	require.NoError(t, os.MkdirAll("../../.bin/sdk", 0o700))
	goDir, err := os.MkdirTemp("../../.bin/sdk", "samples")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(goDir)) })
	for _, c := range []struct{ operation, want string }{
		{"post /token", `"token_type":"Bearer"`},
		{"post /api/auth/signin", "invalid_credentials"},
		{"get /api/auth/users/me", `"username":"user"`},
		{"patch /api/auth/users/me", `"name":"Alice"`},
		{"get /.well-known/jwks.json", `"keys"`},
	} {
		for language, source := range s.samples(t, c.operation) {
			write := func(dir, name, text string) {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			var out string
			switch language {
			case "curl":
				out = run(t, dir, environment, "sh", "-c", source)
			case "JavaScript":
				write(dir, "sample.mjs", source)
				out = run(t, dir, environment, "node", "sample.mjs")
			case "Python":
				write(dir, "sample.py", source)
				out = run(t, dir, environment, required(t, "SDK_PYTHON"), "sample.py")
			case "Go":
				write(goDir, "main.go", goProgram(source))
				out = run(t, "../..", environment, "go", "run", "./.bin/sdk/"+filepath.Base(goDir))
			}
			require.Contains(t, out, c.want, "%s in %s:\n%s", c.operation, language, source)
		}
	}
}

// samples returns the code samples of an operation, by language.
func (s *server) samples(t *testing.T, operation string) map[string]string {
	t.Helper()
	var contract struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(s.get(t, "/openapi.json", "").body), &contract))
	method, path, _ := strings.Cut(operation, " ")
	var op struct {
		Samples []struct{ Label, Source string } `json:"x-codeSamples"`
	}
	require.NoError(t, json.Unmarshal(contract.Paths[path][method], &op))
	require.Len(t, op.Samples, 4)
	sources := map[string]string{}
	for _, sample := range op.Samples {
		sources[sample.Label] = sample.Source
	}
	return sources
}

// goProgram returns a program of the lines of a sample.
func goProgram(lines string) string {
	imports := []string{"context", "fmt", "io", "log", "net/http"}
	for _, used := range []string{"os", "strings"} {
		if strings.Contains(lines, used+".") {
			imports = append(imports, used)
		}
	}
	return "package main\n\nimport (\n\t\"" + strings.Join(imports, "\"\n\t\"") + "\"\n)\n\nfunc main() {\n" +
		"\tif err := run(context.Background()); err != nil {\n\t\tlog.Fatal(err)\n\t}\n}\n\n" +
		"func run(ctx context.Context) error {\n" + lines + "}\n"
}
