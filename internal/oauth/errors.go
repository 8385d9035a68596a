package oauth

import "github.com/latchkey-auth/latchkey/internal/account"

// Error is the domain's one error type; oauth adds the codes of RFC 6749 §5.2 and RFC 6750 §3.1.
type Error = account.Error

// The codes of the OAuth endpoints and of bearer tokens.
const (
	InvalidRequest       = account.InvalidRequest
	InvalidClient        = account.Code("invalid_client")
	InvalidGrant         = account.Code("invalid_grant")
	InvalidScope         = account.Code("invalid_scope")
	UnauthorizedClient   = account.Code("unauthorized_client")
	UnsupportedGrantType = account.Code("unsupported_grant_type")
	InvalidToken         = account.Code("invalid_token")
	TokenRequired        = account.Code("authentication_required")
	InsufficientScope    = account.InsufficientScope
	// InvalidClientMetadata is of RFC 7591 §3.2.2.
	InvalidClientMetadata = account.Code("invalid_client_metadata")
)

// ErrInvalidToken says that a bearer token is malformed, forged, expired or revoked (RFC 6750 §3.1).
var ErrInvalidToken = account.Errorf(InvalidToken, "the access token is not valid")

// ErrExists says that an id or a generation is in use already.
var ErrExists = account.Errorf(Exists, "this exists already")

// Exists is the code of ErrExists.
const Exists = account.Code("already_exists")
