package httpapi

import (
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// ErrorDoc documents one error code: docs/errors.md is generated from these.
type ErrorDoc struct {
	Code    string // as the response has it
	Status  int    // HTTP
	Meaning string
}

// documented is a code with what it means to a caller, and where it is returned.
type documented struct {
	code    fault.Code
	where   endpoints
	meaning string
}

// endpoints are the endpoints that return a code.
type endpoints int

const (
	oauthEndpoints endpoints = 1 << iota // POST /token, /revoke and /introspect, with RFC 6749 errors
	apiEndpoints                         // all others, with problem+json
	allEndpoints   = oauthEndpoints | apiEndpoints
)

// OAuthErrorDocs documents the errors of the OAuth endpoints (RFC 6749 §5.2).
func OAuthErrorDocs() []ErrorDoc { return errorDocs(oauthEndpoints, oauthCode) }

// ProblemDocs documents the codes of the problem+json responses (RFC 9457).
func ProblemDocs() []ErrorDoc {
	return errorDocs(apiEndpoints, func(code fault.Code) string { return string(code) })
}

func errorDocs(where endpoints, shown func(fault.Code) string) []ErrorDoc {
	var docs []ErrorDoc
	for _, d := range documentedCodes {
		if d.where&where != 0 {
			docs = append(docs, ErrorDoc{Code: shown(d.code), Status: status(d.code), Meaning: d.meaning})
		}
	}
	return docs
}

// documentedCodes are all codes, by status. A test compares them with the codes that the code declares.
var documentedCodes = []documented{
	{fault.InvalidRequest, allEndpoints, "The request is malformed: a parameter or member is missing or of the wrong type, a parameter is repeated, a member is unknown, or the body cannot be read. Unknown parameters are ignored."},
	{oauth.InvalidGrant, oauthEndpoints, "The username or the password is wrong, the email address is not confirmed, or the refresh token is unknown, expired, revoked, already used or issued to another client."},
	{oauth.InvalidScope, oauthEndpoints, "A scope is malformed, or the user or the client may not have it."},
	{oauth.UnauthorizedClient, oauthEndpoints, "The client may not use this grant."},
	{oauth.UnsupportedGrantType, oauthEndpoints, "The `grant_type` is not `password`, `refresh_token` or `client_credentials`."},
	{oauth.InvalidClient, allEndpoints, "The client is unknown or disabled, its secret is wrong, or the request names no client and the built-in public client is disabled."},
	{oauth.TokenRequired, apiEndpoints, "The request has no access token, or the session of its cookies has ended: sign in."},
	{oauth.InvalidToken, apiEndpoints, "The access token is malformed, expired or revoked: refresh it, or sign in again."},
	{account.InvalidCredentials, apiEndpoints, "The username or the password is wrong."},
	{fault.InsufficientScope, apiEndpoints, "The token lacks a scope or a role, you tried to pass on a scope that you do not have, or to change what has such a scope."},
	{account.SignupClosed, apiEndpoints, "Sign-up is disabled (`LATCHKEY_SIGNUP=false`)."},
	{account.WrongPassword, apiEndpoints, "`current_password` is missing or wrong."},
	{account.EmailUnverified, apiEndpoints, "The password is right, but the email address is not confirmed and the service requires that."},
	{crossOrigin, apiEndpoints, "A request with cookies comes from an origin that is not allowed, or names no origin and has no `X-Requested-With`."},
	{fault.NotFound, allEndpoints, "There is no such path, user, session, client or role, or it is not yours."},
	{account.UnknownRole, apiEndpoints, "There is no such role."},
	{methodNotAllowed, allEndpoints, "The path does not support this method; the `Allow` header lists those that it supports."},
	{account.UsernameTaken, apiEndpoints, "Another user has this username."},
	{account.EmailTaken, apiEndpoints, "Another user has this email address."},
	{fault.AlreadyExists, apiEndpoints, "There is already a client with this id."},
	{account.BuiltinRole, apiEndpoints, "A built-in role cannot be deleted, and the scopes of ROLE_ADMIN cannot be changed."},
	{account.LastAdmin, apiEndpoints, "The change would leave no active user with ROLE_ADMIN."},
	{account.MailNotConfigured, apiEndpoints, "The operation needs an email to reach the user, but the service does not send email: see `LATCHKEY_SMTP_HOST`."},
	{hook.Inactive, apiEndpoints, "The webhook is not active, so nothing can be sent to it."},
	{bodyTooLarge, allEndpoints, "The body is larger than 64 KiB, or 1 GiB for a file of users."},
	{unsupportedMediaType, apiEndpoints, "The body is not `application/json`, or not `application/octet-stream` for a file of users."},
	{account.WeakPassword, apiEndpoints, "The new password is too short, one of the most common ones, or the same as the username, name or email address."},
	{account.InvalidUsername, apiEndpoints, "The username is too long or has a character that a username cannot have."},
	{account.InvalidEmail, apiEndpoints, "This is not an email address."},
	{account.InvalidRole, apiEndpoints, "The name or a scope of the role is malformed."},
	{account.InvalidOneTimeToken, apiEndpoints, "The token of the email is unknown, expired, superseded or already used."},
	{oauth.InvalidClientMetadata, apiEndpoints, "The settings of the client contradict each other or are not supported."},
	{fault.TooManyRequests, allEndpoints, "Too many attempts: wait as long as `Retry-After` says."},
	{serverError, allEndpoints, "An internal error. The log has the cause under the request id."},
	{fault.Unavailable, allEndpoints, "The service is busy, or the database is unreachable: try again after `Retry-After`."},
}
