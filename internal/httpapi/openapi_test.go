package httpapi

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/latchkey-auth/latchkey/api"
)

// /openapi.yaml is the contract byte for byte, except that its URLs are absolute, and /openapi.json says
// the same in the same order.
func TestServedContract(t *testing.T) {
	t.Parallel()
	_, handler := newServer(t)
	asYAML := get(t, handler, "/openapi.yaml").Body.Bytes()
	asJSON := get(t, handler, "/openapi.json").Body.Bytes()
	written, served := strings.Split(string(api.YAML), "\n"), strings.Split(string(asYAML), "\n")
	require.Len(t, served, len(written))
	var changed []string
	for i := range written {
		if written[i] != served[i] {
			changed = append(changed, strings.TrimSpace(served[i]))
		}
	}
	require.Equal(t, []string{
		"- url: " + testIssuer, "tokenUrl: " + testIssuer + "/token", "refreshUrl: " + testIssuer + "/token",
	}, changed)
	var fromYAML, fromJSON yaml.Node
	require.NoError(t, yaml.Unmarshal(asYAML, &fromYAML))
	require.NoError(t, yaml.Unmarshal(asJSON, &fromJSON))
	require.Equal(t, flat(&fromYAML), flat(&fromJSON))
	spec, err := openapi3.NewLoader().LoadFromData(asJSON)
	require.NoError(t, err)
	require.NoError(t, spec.Validate(t.Context()))
}

// flat returns the keys and values of a document, in its order.
func flat(node *yaml.Node) []string {
	if node.Kind == yaml.ScalarNode {
		return []string{node.Value}
	}
	var all []string
	for _, child := range node.Content {
		all = append(all, flat(child)...)
	}
	return all
}
