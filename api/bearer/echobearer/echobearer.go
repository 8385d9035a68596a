// Package echobearer is package bearer for the framework Echo.
//
//	e.GET("/reports", reports, echobearer.Require(verifier, bearer.Scope("reports:read")))
package echobearer

import (
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api/bearer"
)

// Require returns middleware that lets a request pass only with a valid access token that satisfies
// all rules. Otherwise it writes the response as [bearer.Verifier.WriteError] does, and the handler is
// not called.
func Require(v *bearer.Verifier, rules ...bearer.Rule) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			identity, err := v.Authenticate(r, rules...)
			if err != nil {
				v.WriteError(c.Response(), r, err)
				return nil
			}
			c.SetRequest(r.WithContext(bearer.NewContext(r.Context(), identity)))
			return next(c)
		}
	}
}

// ErrNoIdentity is returned by [Identity] for a request that has not passed [Require].
var ErrNoIdentity = errors.New("echobearer: the route has no Require middleware")

// Identity returns who makes the request.
func Identity(c echo.Context) (bearer.Identity, error) {
	identity, ok := bearer.FromContext(c.Request().Context())
	if !ok {
		return bearer.Identity{}, ErrNoIdentity
	}
	return identity, nil
}
