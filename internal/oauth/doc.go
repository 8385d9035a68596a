// Package oauth implements the token endpoint and everything about its tokens: clients, grants,
// sessions, revocation, introspection and the claims of an access token (RFC 6749, RFC 9068).
//
//   - token.go: the steps that all grants share; grant_password.go, grant_refresh.go and
//     grant_client_credentials.go: what is specific to each grant
//   - client.go, client_authentication.go, client_registration.go: clients
//   - client_token_keys.go, client_claims.go: tokens for a third party, with a key that it shares and with
//     extra claims
//   - session.go, session_management.go: sessions
//   - refresh_rotation.go: whether a refresh token is rotated, repeated or treated as stolen; refresh_outcome.go: the names
//     of these outcomes for metrics
//   - access_token.go, refresh_token_format.go: what the tokens contain; principal.go: checking an
//     access token
//   - revocation.go (RFC 7009), introspection.go (RFC 7662): questions about a presented token
//   - explanation.go, explanation_checks.go: why a token is accepted or rejected
//   - operator_token.go: tokens for the operator at the command line
//   - ended_sessions.go, revocations.go: the list of ended sessions, for APIs that check tokens by themselves
//   - scopes.go: which scopes a token gets; authority.go: which scopes an administrator may pass on
//   - service.go: what the Service needs; errors.go: the error codes of OAuth
//
// It knows neither HTTP nor SQL nor JWT libraries: httpapi turns forms into its requests, the stores
// implement ClientStore and SessionStore, and keyring signs. Who the user is and whether the password
// is right is decided by account.
package oauth
