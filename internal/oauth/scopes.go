package oauth

import (
	"slices"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

const maxScope = 1024 // bytes of the scope parameter

// parseScopes parses a scope parameter (RFC 6749 §3.3).
func parseScopes(parameter string) ([]string, error) {
	if len(parameter) > maxScope {
		return nil, fault.Errorf(InvalidScope, "the scope is longer than %d bytes", maxScope)
	}
	scopes, ok := scope.Parse(parameter)
	if !ok {
		return nil, fault.Errorf(InvalidScope, "the scope contains a character that is not allowed")
	}
	return scopes, nil
}

// allows returns an error unless the client may use a grant type and request the scopes. Whether the
// user has them is checked by the grant.
func (c Client) allows(grant string, scopes []string) error {
	if !slices.Contains(c.Grants, grant) {
		return fault.Errorf(UnauthorizedClient, "the client may not use this grant_type")
	}
	if len(c.Scopes) > 0 && !scope.Subset(scopes, c.Scopes) {
		return errScope
	}
	return nil
}

// grantScopes returns the requested scopes if both the user and the client may have them all, and all
// that both may have if none were requested. Scopes are never narrowed silently: clients that check
// what they got would treat it as an error.
func grantScopes(requested, user, client []string) ([]string, error) {
	allowed := user
	if len(client) > 0 {
		allowed = scope.Intersect(user, client)
	}
	if len(requested) == 0 {
		return allowed, nil
	}
	if !scope.Subset(requested, allowed) {
		return nil, errScope
	}
	return requested, nil
}
