// Package apitest runs test vectors against a server over a real connection. A vector is a request
// and the exact response to it, written in a text file. Every response is also validated against
// the contract.
//
// The package owns the vector language (case.go, parse.go), how a response is compared (run.go,
// match.go), the check against the contract (contract.go), and a transport that sends a request
// unchanged, where net/http would correct it (transport.go), and requests with canaries in place of
// secrets (canary.go). The vectors themselves are in
// ../testdata. Which server they run against is up to the test that calls Run.
//
// # The vector language
//
// A file begins with lines that apply to all its cases. A case begins with == and its name. Empty
// lines, and lines that begin with #, are ignored.
//
//	# The form: RFC 6749 §3.2.
//
//	> POST /token
//	> Content-Type: application/x-www-form-urlencoded
//	< Cache-Control: no-store
//
//	== a repeated parameter
//	cost: none
//	> grant_type=password&grant_type=password
//	< 400
//	< !WWW-Authenticate
//	< {"error": "invalid_request", "error_description": "*"}
//
// Lines with > are the request:
//
//	> POST /token       method and target
//	> Accept: */*       a header; it replaces the file's header of this name
//	> !Content-Type     removes the file's header
//	> a=b               the body; several lines are joined without line breaks
//
// Lines with < are the response:
//
//	< 400                       the status
//	< Allow: *POST*             a header that must be present once; * matches any text
//	< !Location                 a header that must be absent
//	< {"expires_in": 900}       the JSON body; without one, the body must be empty
//
// A JSON object must have exactly the named members, and an array exactly the items. Numbers, true
// and false must be equal. A string is a pattern for any value but null:
//
//	"user.*"              * matches any text, including none
//	"*"                   any value but the empty string
//	"1209540..1209600"    a number in this range, including its ends
//
// In the request and the response, these are replaced:
//
//	{é*300}               the text, repeated
//	{0xff}                a byte (only in the request)
//	{basic id:secret}     the value of HTTP Basic (only in the request)
//	{$name}               a value from Server.Value, such as {$issuer} or {$token.admin}
//
// Other lines of a case are directives:
//
//	cost: none       the request must reach neither the stores nor the password hasher
//	body: chunked    send the body in chunks
//	body: short      announce one byte more than is sent
//	http: 1.0        use HTTP/1.0
//	http: 2          use HTTP/2 without TLS
package apitest
