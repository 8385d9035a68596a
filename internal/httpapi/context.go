package httpapi

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// state is what the middleware finds out about a request. The context of the request carries all of it as
// one value, because each further value costs a copy of the request.
type state struct {
	operation *operation
	caller    oauth.Caller
	actor     audit.Actor // of audit events: the caller, and the user of the access token
	cookies   Cookies
	client    oauth.Credentials // of a request with a form
	principal *oauth.Principal  // nil: no access token has been accepted
	wantsPage bool              // the caller prefers HTML to JSON
	err       error             // that was written as the response
	quiet     bool              // the request is logged at the level debug, unless it fails
}

// noOperation stands for an operation that is not known. It is never changed.
var noOperation = &operation{}

type stateKey struct{}

// stateOf returns the state of a request. Outside of the middleware, it is empty.
func stateOf(ctx context.Context) *state {
	if s, ok := ctx.Value(stateKey{}).(*state); ok {
		return s
	}
	return &state{operation: noOperation}
}

// withState stores an empty state in the context of a request, with its caller, who is also the actor of its
// audit events.
func withState(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		from := callerOf(c)
		s := &state{operation: noOperation, caller: from}
		s.actor = audit.Actor{Address: from.Address, UserAgent: from.UserAgent, RequestID: requestIDOf(c)}
		ctx := context.WithValue(c.Request().Context(), stateKey{}, s)
		c.SetRequest(c.Request().WithContext(audit.With(ctx, &s.actor)))
		return next(c)
	}
}
