// Package apitest runs test vectors, which are text files, against a server over a real connection,
// and holds every answer against the contract.
//
// It owns the format of the vectors, the transport that sends a request to the letter (net/http
// would tidy it up), and the judgement. What the cases are stands in ../testdata; which server they
// meet is the business of the tests that call Run.
//
// A file begins with lines that count for all its cases; a case begins with == and its name:
//
//	> POST /token
//	> Content-Type: application/x-www-form-urlencoded
//	< Cache-Control: no-store
//
//	== a repeated parameter (RFC 6749 §3.2)
//	cost: none
//	> grant_type=password&grant_type=password
//	< 400
//	< !WWW-Authenticate
//	< {"error": "invalid_request", "error_description": "*"}
//
// Lines with > are the request: its first line, headers, then the body, whose lines are joined
// without line ends. A case's header takes the place of the file's; !Name removes it. Lines with <
// are the answer: status, headers, headers that must be absent, and JSON, in which a string with *
// is a pattern. An answer without JSON must have an empty body.
//
// {é*300} repeats a text, {0xff} is a byte, {basic id:secret} HTTP Basic, {$name} a value of the
// running server. {$junk.HOW} is a refresh token after Spoil.
// The directives are "cost: none" (the request may ask neither store nor hasher), "body: chunked",
// "body: short" (ends before its length) and "http: 1.0" or "http: 2".
package apitest
