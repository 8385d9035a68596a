package api

import (
	_ "embed"

	"github.com/getkin/kin-openapi/openapi3"
)

// YAML is openapi.yaml as it was written, byte for byte.
//
//go:embed openapi.yaml
var YAML []byte

// GetSpec returns the contract.
func GetSpec() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(YAML) }
