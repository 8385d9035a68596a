// Package client is the Go client for Latchkey. It has a method for every operation of the
// contract, openapi.yaml, from which oapi-codegen generates it.
//
// # Make a client
//
// [NewClientWithResponses] takes the base URL of the service. Its methods, such as
// [ClientWithResponses.IssueTokenWithFormdataBodyWithResponse], send a request and parse the
// response. [NewClient] makes a client whose methods return a plain [http.Response] instead.
//
// # Get a token
//
// Call IssueTokenWithFormdataBodyWithResponse with the grant "password", "refresh_token" or
// "client_credentials". Send the access token with [WithRequestEditorFn], which adds a header to
// every request of a client, or pass a [RequestEditorFn] to a single call. Before the token
// expires, exchange the refresh token for new ones and keep the new refresh token: each works once.
//
// If all you need is tokens, golang.org/x/oauth2 does this too, and refreshes by itself.
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
