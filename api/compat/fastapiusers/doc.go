// Package fastapiusers is what oapi-codegen writes from api/compat/fastapi-users.yaml: the models, the
// strict Echo server and the contract of the profile fastapi-users.
package fastapiusers
