package httpapi

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// principal returns the user and token that make the request. It panics in an operation that the
// contract does not guard.
func principal(ctx context.Context) oauth.Principal {
	return *stateOf(ctx).principal
}

// guard enforces the security of an operation as the contract declares it: an access token, its
// scopes, and the user's roles. It runs before the body is read.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := operationOf(c)
		if !op.guarded {
			return next(c)
		}
		p, err := s.authorize(c, op)
		if err != nil {
			return err
		}
		s := stateOf(c.Request().Context())
		s.principal = p
		s.actor.Name, s.actor.ID, s.actor.ClientID = p.Name(), p.User.ID, p.Claims.ClientID
		return next(c)
	}
}

// authorize returns the principal of the request's access token if it may call the operation.
func (s *Server) authorize(c echo.Context, op *operation) (*oauth.Principal, error) {
	if op.gateway {
		return s.authorizeForGateway(c)
	}
	token, err := s.accessToken(c)
	if err != nil {
		return nil, err
	}
	p, err := s.OAuth.Principal(c.Request().Context(), token)
	if err != nil {
		return nil, err
	}
	if err := p.Authorize(op.scopes, op.roles); err != nil {
		return nil, err
	}
	if op.body == nil && hasFormToken(c.Request()) {
		return nil, s.errTwoTokens(c)
	}
	return &p, nil
}

// browserGuard protects the operations that set or read cookies against cross-site requests, also
// those with the method GET.
func (s *Server) browserGuard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if operationOf(c).browser {
			check := s.checkOrigin
			if isSafe(c.Request().Method) {
				check = s.checkUnsafeGet
			}
			if err := check(c.Request()); err != nil {
				return err
			}
		}
		return next(c)
	}
}

// demoGuard returns 404 for the operations of demo.go while DemoRoutes is off.
func (s *Server) demoGuard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if operationOf(c).demo && !s.DemoRoutes {
			return fault.ErrNotFound
		}
		return next(c)
	}
}
