// Package api is what oapi-codegen writes from openapi.yaml: the models, the strict Echo server
// and the contract itself. Nothing in it is written by hand but this comment and YAML.
package api

import _ "embed"

// YAML is openapi.yaml as it was written, byte for byte.
//
//go:embed openapi.yaml
var YAML []byte
