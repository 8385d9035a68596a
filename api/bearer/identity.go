package bearer

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Identity is who makes a request, and what their access token allows.
type Identity struct {
	Subject   string    // id of the user, or of the client if IsClient
	ClientID  string    // the client that the token was issued to
	SessionID string    // of the sign-in that the token belongs to (sid)
	TokenID   string    // unique (jti)
	Audience  []string  // the APIs that the token is for
	Scopes    []string  // what the token allows
	Roles     []string  // of the user
	IssuedAt  time.Time // UTC, in whole seconds
	ExpiresAt time.Time // UTC, in whole seconds

	claims []byte
}

// IsClient reports whether a client acts for itself, by the client credentials grant. Then there is
// no user.
func (i Identity) IsClient() bool { return i.Subject == i.ClientID }

// HasScope reports whether the token has a scope.
func (i Identity) HasScope(scope string) bool { return slices.Contains(i.Scopes, scope) }

// HasRole reports whether the user has a role.
func (i Identity) HasRole(role string) bool { return slices.Contains(i.Roles, role) }

// Claims decodes the claims of the token into v, as [json.Unmarshal] does. Use it for claims of your
// own that a client adds to its tokens.
func (i Identity) Claims(v any) error { return json.Unmarshal(i.claims, v) }

type identityKey struct{}

// FromContext returns the identity that [Verifier.Require] has stored. ok is false in a request that
// has not passed it.
func FromContext(ctx context.Context) (identity Identity, ok bool) {
	identity, ok = ctx.Value(identityKey{}).(Identity)
	return identity, ok
}

// NewContext returns a context with an identity, for tests of your handlers and for middleware of
// your own.
func NewContext(ctx context.Context, identity Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, identity)
}
