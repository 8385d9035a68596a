// Package api is what oapi-codegen writes from openapi.yaml: the models and the strict Echo server. It
// leaves out what middleware does for all operations, see server.overlay.yaml.
//
// contract.go has the contract itself, whole.
package api
