// Package client is the Go client for Latchkey. It has a method for every operation of the
// contract, openapi.yaml, from which oapi-codegen generates it. token_source.go and transport.go are
// written by hand.
//
// # Make a client
//
// [NewClientWithResponses] takes the base URL of the service. Its methods, such as
// [ClientWithResponses.IssueTokenWithFormdataBodyWithResponse], send a request and parse the
// response. [NewClient] makes a client whose methods return a plain [http.Response] instead.
//
// # Get a token
//
// [SignIn], [Resume] and [Credentials] return a [TokenSource], which keeps a token valid: it
// refreshes before expiry, once for any number of goroutines. [TokenSource.HTTPClient] sends the token with
// every request.
//
// To do it yourself, call IssueTokenWithFormdataBodyWithResponse with one of the grants, and send the access
// token with [WithRequestEditorFn]. A refresh token works once: keep the new one.
//
// # Read the response
//
// A response type has a field for each status: JSON200 or JSON201 for success, JSON400 and the
// like for errors of the OAuth endpoints, ApplicationproblemJSON409 and the like for all other
// errors. The field of the status that was returned is set, all others are nil. The error that a
// method returns tells you that there was no response, or that it could not be parsed. A response
// with an error status is not such an error, so check that the field you need is not nil.
//
// [OAuthError] and [Problem] both carry a code for programs and a text for people. Compare the
// code: the text may change.
//
// # Check tokens
//
// To check access tokens in your own API, you do not need this client. Use package
// github.com/latchkey-auth/latchkey/api/bearer.
package client
