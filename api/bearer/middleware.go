package bearer

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Rule decides whether an identity may make a request. It returns nil if it may.
type Rule func(Identity) *Error

// Scope demands that the token has all the scopes. It panics if there are none.
func Scope(scopes ...string) Rule {
	mustName(scopes)
	needed := strings.Join(scopes, " ")
	return func(i Identity) *Error {
		for _, s := range scopes {
			if !i.HasScope(s) {
				return &Error{
					Status: http.StatusForbidden, Code: CodeInsufficientScope, Scope: needed,
					Description: "this operation needs the scope: " + needed,
				}
			}
		}
		return nil
	}
}

// AnyRole demands that the user has at least one of the roles. It panics if there are none.
func AnyRole(roles ...string) Rule {
	mustName(roles)
	return func(i Identity) *Error {
		if slices.ContainsFunc(roles, i.HasRole) {
			return nil
		}
		return &Error{
			Status: http.StatusForbidden, Code: CodeInsufficientScope,
			Description: "this operation needs one of the roles: " + strings.Join(roles, " "),
		}
	}
}

// mustName panics on an empty list, which would silently allow or refuse everything.
func mustName(names []string) {
	if len(names) == 0 || slices.Contains(names, "") {
		panic("bearer: a rule names no scope or role")
	}
}

// Require returns middleware that lets a request pass only with a valid access token that satisfies
// all rules. It stores the identity for [FromContext].
func (v *Verifier) Require(rules ...Rule) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			identity, err := v.Authenticate(r, rules...)
			if err != nil {
				v.WriteError(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), identity)))
		})
	}
}

// Authenticate checks the access token in the Authorization header of a request, and the rules. Its
// error is an [*Error].
func (v *Verifier) Authenticate(r *http.Request, rules ...Rule) (Identity, error) {
	token, err := tokenOf(r.Header)
	if err != nil {
		return Identity{}, err
	}
	identity, verifyErr := v.Verify(r.Context(), token)
	if verifyErr != nil {
		return Identity{}, verifyErr
	}
	for _, rule := range rules {
		if err := rule(identity); err != nil {
			return Identity{}, err
		}
	}
	return identity, nil
}

// WriteError writes the response to an error of [Verifier.Authenticate]. Any other error becomes 503.
func (v *Verifier) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	e := new(Error)
	if !errors.As(err, &e) {
		e = errUnavailable(err)
	}
	if e.Status == http.StatusServiceUnavailable && !errors.Is(err, context.Canceled) {
		v.config.Log.WarnContext(r.Context(), "access token not checked", "error", err)
	}
	e.setHeaders(w.Header(), v.config.Realm)
	v.config.ErrorHandler(w, r, e)
}

// tokenOf returns the token of the Authorization header (RFC 6750 §2.1). A token in the body or the
// URL is not looked for: URLs are logged.
func tokenOf(header http.Header) (string, *Error) {
	values := header.Values("Authorization")
	switch {
	case len(values) == 0:
		return "", errNoToken()
	case len(values) > 1:
		return "", errTwoTokens()
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNoToken()
	}
	return strings.TrimLeft(token, " "), nil
}
