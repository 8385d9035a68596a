// Package client is the Go client that oapi-codegen writes from openapi.yaml.
package client
