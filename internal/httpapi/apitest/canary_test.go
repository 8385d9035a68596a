package apitest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
)

// A canary is found in every notation, and nowhere else.
func TestCanaryNotations(t *testing.T) {
	t.Parallel()
	var c Canaries
	canary := c.New("password")
	quoted, err := json.Marshal(canary)
	require.NoError(t, err)
	for _, text := range []string{
		canary, url.QueryEscape(canary), url.PathEscape(canary), string(quoted), fmt.Sprintf("%q %+q", canary, canary), fmt.Sprintf("%d", []byte(canary)),
		hex.EncodeToString([]byte("a" + canary)), fmt.Sprintf("%X", canary), base64.StdEncoding.EncodeToString([]byte(canary)),
		base64.RawURLEncoding.EncodeToString([]byte("a" + canary)), base64.URLEncoding.EncodeToString([]byte("ab" + canary + "c")),
	} {
		require.NotEmpty(t, c.Found("before "+text+" after"), text)
	}
	require.Empty(t, c.Found("password=*** "+(&Canaries{}).New("another")))
}

// Every operation of the contract gets its canaries, and every secret in a body is one.
func TestCanaryRequests(t *testing.T) {
	t.Parallel()
	spec, err := api.GetSpec()
	require.NoError(t, err)
	var c Canaries
	all, err := c.Requests(spec, "http://localhost", "Bearer x")
	require.NoError(t, err)
	sent := map[string]int{}
	for _, r := range all {
		sent[r.Operation]++
	}
	for _, item := range spec.Paths.Map() {
		for _, op := range item.Operations() {
			require.Equal(t, 3, sent[op.OperationID], op.OperationID)
		}
	}
	for _, what := range []string{"issueToken: password", "signup: password", "resetPassword: token", "updateOwnProfile: current_password", "revokeToken: client_secret"} {
		require.Contains(t, fmt.Sprint(c.all), what)
	}
}
