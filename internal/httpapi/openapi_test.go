package httpapi

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
)

// /openapi.yaml is the contract byte for byte, and /openapi.json has the same paths.
func TestServedContract(t *testing.T) {
	t.Parallel()
	_, handler := newServer(t)
	served := get(t, handler, "/openapi.yaml").Body.Bytes()
	require.Equal(t, api.YAML, served)
	fromYAML, err := openapi3.NewLoader().LoadFromData(served)
	require.NoError(t, err)
	fromJSON, err := openapi3.NewLoader().LoadFromData(get(t, handler, "/openapi.json").Body.Bytes())
	require.NoError(t, err)
	require.ElementsMatch(t, fromYAML.Paths.Keys(), fromJSON.Paths.Keys())
}
