// Package codevoweb is what oapi-codegen writes from api/compat/codevoweb.yaml: the models, the strict
// Echo server and the contract of the profile codevoweb.
package codevoweb
