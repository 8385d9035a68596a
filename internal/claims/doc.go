// Package claims reads and renders the extra claims of a client: JSON in which strings may contain
// templates over the fields of a user, as in {"user_data": {"mail": "{{user.email}}"}}.
//
//   - claims.go: Set, what may be in it, and rendering
//   - parse.go: the JSON, with its limits (RFC 8259)
//   - template.go: the templates in a string, and the fields of a user
//
// Everything that can be wrong is found when a client is registered, so that rendering cannot fail. Which
// client has which claims is decided by oauth; the token is built by keyring.
package claims
