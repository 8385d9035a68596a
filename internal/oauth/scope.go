package oauth

import (
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/account"
)

const maxScope = 1024 // bytes of the scope parameter

// parseScopes splits a scope parameter (RFC 6749 §3.3). Repeated scopes and spaces collapse.
func parseScopes(scope string) ([]string, error) {
	if len(scope) > maxScope {
		return nil, account.Errorf(InvalidScope, "the scope is longer than %d bytes", maxScope)
	}
	var scopes []string
	for token := range strings.SplitSeq(scope, " ") {
		if strings.ContainsFunc(token, account.NotScopeChar) {
			return nil, account.Errorf(InvalidScope, "the scope has a character that is not allowed in one")
		}
		if token != "" && !slices.Contains(scopes, token) {
			scopes = append(scopes, token)
		}
	}
	return scopes, nil
}

// allows says whether a client may use a grant type and ask for scopes; it does not say that the
// user has them.
func (c Client) allows(grant string, scopes []string) error {
	if !slices.Contains(c.Grants, grant) {
		return account.Errorf(UnauthorizedClient, "the client may not use this grant_type")
	}
	if len(c.Scopes) > 0 && !subset(scopes, c.Scopes) {
		return errScope
	}
	return nil
}

var errScope = account.Errorf(InvalidScope, "a scope is unknown, or not for this user or this client")

// grantScopes gives the asked scopes if the user and the client may have them all, and all that
// both may have if none were asked. Scopes are never narrowed in silence: callers that check what
// they got would take it for a fault.
func grantScopes(asked, user, client []string) ([]string, error) {
	allowed := user
	if len(client) > 0 {
		allowed = intersect(user, client)
	}
	if len(asked) == 0 {
		return allowed, nil
	}
	if !subset(asked, allowed) {
		return nil, errScope
	}
	return asked, nil
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

func without(all []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == one })
}
