package oauth

import (
	"errors"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// The error codes of the OAuth endpoints (RFC 6749 §5.2, RFC 7591 §3.2.2) and of bearer tokens
// (RFC 6750 §3.1), beside those of package fault.
const (
	InvalidClient         fault.Code = "invalid_client"
	InvalidGrant          fault.Code = "invalid_grant"
	InvalidScope          fault.Code = "invalid_scope"
	UnauthorizedClient    fault.Code = "unauthorized_client"
	UnsupportedGrantType  fault.Code = "unsupported_grant_type"
	InvalidClientMetadata fault.Code = "invalid_client_metadata"
	InvalidToken          fault.Code = "invalid_token"
	TokenRequired         fault.Code = "authentication_required"
)

// ErrInvalidToken means that an access token is malformed, forged, expired or revoked (RFC 6750 §3.1).
var ErrInvalidToken = fault.Errorf(InvalidToken, "the access token is invalid or has expired; get a new one with the refresh token, or sign in again")

// ErrWrongPassword is returned for every failed sign-in, whatever failed (RFC 6749 §5.2).
var ErrWrongPassword = fault.Errorf(InvalidGrant, "the username or the password is wrong")

// ErrRefresh is returned for every refresh token that does not work, whatever the reason.
var ErrRefresh = fault.Errorf(InvalidGrant, "the refresh token is unknown, expired, revoked or already used")

var (
	// errClient is returned for every client that cannot be authenticated, so that a caller cannot
	// find out which clients exist (RFC 6749 §5.2).
	errClient = fault.Errorf(InvalidClient, "client authentication failed; check the id and secret of the client, and send them with HTTP Basic or in the body")
	errScope  = fault.Errorf(InvalidScope, "a scope is unknown or not available to this user or client")
)

func isNotFound(err error) bool { return errors.Is(err, fault.ErrNotFound) }
