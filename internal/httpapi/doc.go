// Package httpapi connects HTTP to the domain. It reads forms and JSON into domain requests, writes
// results as responses of package api, and writes errors as JSON. It decides nothing itself: the
// rules are in account and oauth, and what an operation requires is in the contract, openapi.yaml.
// Routing and binding are generated, in api.
//
// A request passes the middleware of server.go, about in this order:
//
//   - request_id.go: X-Request-Id
//   - context.go: what the middleware finds out about a request, as one value in its context
//   - caller.go: IP address, trusted proxies, user agent
//   - observe.go: what metrics learn about a request
//   - request_log.go: one log line per request; panics
//   - headers.go: headers of every response
//   - cors_and_origin.go: CORS, and which origins may send cookies
//   - shadowed_methods.go: methods that a path does not have; rate_limits.go: headers with the limits of an operation
//   - cookies.go: cookies of a browser session; device_cookie.go: the hint of a known device
//   - guard.go: scopes and roles, as contract.go reads them (requirement.go); demo routes; browser operations
//   - bearer.go: where the access token of a request is (RFC 6750)
//   - parameters.go: validation of path and query parameters; body.go: the size limit of a body
//   - oauth_form.go: the form of an OAuth endpoint (RFC 6749 §3.2)
//   - client_auth.go: client authentication (RFC 6749 §2.3)
//   - json_body.go: validation of a JSON body, and errors by field; schema_error_text.go: what a schema expects
//
// Then it reaches its operation:
//
//   - token.go, revoke.go, introspect.go, explain.go, revocations.go, userinfo.go: the OAuth endpoints; verify.go: the
//     response to a gateway
//   - signup.go, signin.go: accounts, in JSON
//   - browser_login.go: signing in with cookies
//   - own_account.go, sessions.go: one's own account; sessions also of other users; profile_json.go: the JSON of a profile
//   - verify_email.go, reset_password.go: one-time tokens from emails
//   - users.go, users_import.go, roles.go, clients.go, audit.go: administration
//   - hooks.go, signing_keys.go, statistics.go, settings.go: what only operators need
//   - index.go, jwks.go, discovery.go, openapi.go: the start page, public keys, metadata, the contract, as
//     served_contract.go and code_samples.go complete it
//   - health.go, starting.go (before the database is there), demo.go
//
// Outside the contract are Swagger UI (swagger_ui.go) and the pages of package web (pages.go). Every
// error is written by errors.go, the only file that gives an error its status, with the WWW-Authenticate header of
// challenge.go; error_docs.go lists them for the docs. Shared by the operations are paging.go (cursors) and
// convert.go (optional fields).
//
// A compatibility profile is a second contract with the routes of another system (profile.go). Its
// operations are selected by contract.go, pass the same middleware, and are in a package of their own
// under compat. docs_contract.go shows them in Swagger UI.
//
// Package apitest runs the test vectors in testdata: requests and their exact responses.
package httpapi
