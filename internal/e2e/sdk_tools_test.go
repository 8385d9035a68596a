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
		"-O", "requestParametersResolution=Example,folderStrategy=Tags")
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
	script, err := os.ReadFile("testdata/sdk/node/wrong-secret.mjs")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "wrong-secret.mjs"), script, 0o600))
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
