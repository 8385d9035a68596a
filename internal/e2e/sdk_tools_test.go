//go:build sdk

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Redocly and Spectral find nothing in the contract with the rules that we have reviewed.
func TestSDKLint(t *testing.T) {
	t.Parallel()
	rules, err := filepath.Abs("testdata/sdk/lint")
	require.NoError(t, err)
	dir := nodeProject(t)
	contract := startForSDK(t).writeContract(t, dir)
	run(t, dir, nil, tool(t, "redocly"), "lint", contract, "--config", rules+"/redocly.yaml", "--max-problems", "100")
	run(t, dir, nil, tool(t, "spectral"), "lint", contract, "--ruleset", rules+"/spectral.yaml", "--fail-severity", "hint")
}

// Postman's importer makes a collection from the contract alone, in which the request for a token works.
func TestSDKPostman(t *testing.T) {
	t.Parallel()
	s := startForSDK(t)
	dir := nodeProject(t)
	contract := s.writeContract(t, dir)
	run(t, dir, nil, tool(t, "openapi2postmanv2"), "-s", contract, "-o", "collection.json",
		"-O", "folderStrategy=Tags")
	copyTo(t, "testdata/sdk/node/fill-in.mjs", dir)
	require.Equal(t, "oauth Get an access token\n", run(t, dir, nil, "node", "fill-in.mjs", "collection.json", s.issuer))
	run(t, dir, nil, tool(t, "newman"), "run", "collection.json", "--folder", "Get an access token",
		"--reporters", "json", "--reporter-json-export", "result.json")
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	require.NoError(t, err)
	var result struct {
		Run struct {
			Executions []struct {
				Response struct{ Code int }
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &result))
	require.Len(t, result.Run.Executions, 1)
	require.Equal(t, 200, result.Run.Executions[0].Response.Code, string(text))
}

// openid-client passes on the error of a wrong client secret in the body.
func TestSDKWrongSecret(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.addClients(t)
	s := start(t, inst, "LATCHKEY_ISSUER=")
	dir := nodeProject(t)
	copyTo(t, "testdata/sdk/node/wrong-secret.mjs", dir)
	out := run(t, dir, nil, "node", "wrong-secret.mjs", s.issuer, "web", webSecret)
	require.Equal(t, "ResponseBodyError 401 invalid_client\nbearer profile\n", out)
}

// Authlib, which is stricter than most, accepts both documents of metadata.
func TestSDKMetadata(t *testing.T) {
	t.Parallel()
	s := startForSDK(t)
	out := run(t, "testdata/sdk/python", nil, required(t, "SDK_PYTHON"), "validate_metadata.py", s.issuer)
	require.Equal(t, "oauth-authorization-server\nopenid-configuration\n", out)
}

// Schemathesis finds no failure that testdata/sdk/python/schemathesis.toml does not explain.
func TestSDKSchemathesis(t *testing.T) {
	t.Parallel()
	s := startForSDK(t)
	python := required(t, "SDK_PYTHON")
	data, err := filepath.Abs("testdata/sdk/python")
	require.NoError(t, err)
	out, err := attempt(t, t.TempDir(), []string{"AUTH_URL=" + s.issuer, "SCHEMATHESIS_HOOKS=administrator", "PYTHONPATH=" + data,
		"PYTHONDONTWRITEBYTECODE=1"},
		filepath.Join(filepath.Dir(python), "st"), "--config-file", data+"/schemathesis.toml", "run", s.issuer+"/openapi.json",
		"--phases", "examples,coverage", "--max-examples", "3", "--seed", "1", "--continue-on-failure", "--no-color")
	require.NoError(t, err, out)
	require.NotContains(t, s.wholeLog(t), "level=ERROR")
}

// copyTo copies a file to a directory.
func copyTo(t *testing.T, name, dir string) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o600))
}
