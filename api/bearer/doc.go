// Package bearer checks the access tokens of a Latchkey service in your own Go API.
//
// A [Verifier] verifies tokens with the public keys of the service, which it keeps in memory and
// refreshes in the background. A request causes no call to the service.
//
//	verifier, err := bearer.New(bearer.Config{
//		Issuer:   "https://auth.example.com",
//		Audience: "https://api.example.com",
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer verifier.Close()
//	mux.Handle("GET /reports", verifier.Require(bearer.Scope("reports:read"))(reports))
//
// The handler reads who makes the request with [FromContext]. Requests that may not pass get the
// responses of RFC 6750: 401 without a valid token, 403 without the scope or the role, and 503 while
// there are no keys to decide with.
//
// For Echo, use package echobearer. For other frameworks, call [Verifier.Authenticate] and
// [Verifier.WriteError].
//
// # What is checked
//
// A token is accepted only if it is an access token (header typ, RFC 9068), signed with ES256, RS256
// or EdDSA by a published key of the service that is for that algorithm, issued by Config.Issuer, for
// Config.Audience, and not expired. Headers that supply a key or demand an extension are refused
// (RFC 8725).
//
// # Ended sessions
//
// An access token stays valid until it expires, also if the user signs out before. Choose how soon
// your API must know:
//
//   - By default, it learns of an ended session when the token expires, by default after 15 minutes.
//   - With Config.Revocations, it follows the list of ended sessions, and refuses their tokens within
//     seconds. That is one request in the background at a time, whatever the number of tokens.
//   - With Config.Introspection, it asks the service about each token, and also learns at once which
//     scopes and roles a user has lost.
//
// # Outages
//
// While the service is away, tokens are checked with the keys of the last refresh, for up to
// [MaxKeyAge]. Revocations are checked with the list of the last refresh, for up to
// Config.MaxRevocationsAge. With introspection, each token that is not in the cache gets 503.
package bearer
