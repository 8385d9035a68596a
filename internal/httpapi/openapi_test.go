package httpapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/hook"
)

// /openapi.yaml is the contract byte for byte, except that its URLs are absolute, and /openapi.json says
// the same in the same order, with code samples.
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
	require.Equal(t, strings.Count(string(asYAML), "operationId:")-1, dropSamples(&fromJSON), "but for that of x-webhooks")
	require.Equal(t, flat(&fromYAML), flat(&fromJSON))
	spec, err := openapi3.NewLoader().LoadFromData(asJSON)
	require.NoError(t, err)
	require.NoError(t, spec.Validate(t.Context()))
}

// dropSamples removes the code samples, which only the JSON has, and returns their number.
func dropSamples(node *yaml.Node) (dropped int) {
	for i := 0; node.Kind == yaml.MappingNode && i < len(node.Content); i += 2 {
		if node.Content[i].Value == "x-codeSamples" {
			node.Content = append(node.Content[:i], node.Content[i+2:]...)
			dropped++
			break
		}
	}
	for _, child := range node.Content {
		dropped += dropSamples(child)
	}
	return dropped
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

// /openapi-3.1.json has the same operations, and the requests of webhooks with the events that there are.
func TestServedContract31(t *testing.T) {
	t.Parallel()
	_, handler := newServer(t)
	var contract30, contract31 object
	require.NoError(t, json.Unmarshal(get(t, handler, "/openapi.json").Body.Bytes(), &contract30))
	require.NoError(t, json.Unmarshal(get(t, handler, "/openapi-3.1.json").Body.Bytes(), &contract31))
	require.Equal(t, "3.1.0", contract31["openapi"])
	require.Equal(t, contract30["x-webhooks"], contract31["webhooks"])
	for _, same := range []string{"info", "servers", "tags", "paths", "components"} {
		require.Equal(t, contract30[same], contract31[same], same)
	}
	body := member(member(member(contract31, "webhooks"), "event"), "post")
	schema := member(member(member(member(body, "requestBody"), "content"), "application/json"), "schema")
	told := list(member(member(schema, "properties"), "type"), "x-extensible-enum")
	var events []any
	for _, event := range hook.Events {
		events = append(events, string(event))
	}
	require.ElementsMatch(t, events, told)
}
