package httpapi

import (
	"context"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// authorizeForGateway returns the principal of the request about which a gateway asks. Gateways understand
// 401 and 403 only: nginx makes 500 of any other error. The request may have cookies, parameters and the
// announcement of a body that were meant for someone else, so only its Authorization header counts.
func (s *Server) authorizeForGateway(c echo.Context) (*oauth.Principal, error) {
	headers := c.Request().Header.Values(echo.HeaderAuthorization)
	if len(headers) == 0 {
		return nil, errTokenRequired
	}
	token, ok := bearerToken(headers[0])
	switch {
	case len(headers) > 1 || ok && token == "":
		return nil, oauth.ErrInvalidToken
	case !ok:
		return nil, errTokenRequired
	}
	p, err := s.OAuth.Principal(c.Request().Context(), token)
	if err != nil {
		return nil, err
	}
	scopes, anyRole, err := gatewayDemands(c.Request().URL.RawQuery)
	if err != nil {
		return nil, err
	}
	return &p, p.Authorize(scopes, anyRole)
}

var errGatewayDemands = fault.Errorf(fault.InsufficientScope,
	"the gateway asks with invalid parameters; it may send scope and role, each once and not empty")

// gatewayDemands returns what the query of GET /verify demands. An error in it refuses the request: ignoring
// a parameter that is misspelled would open what it was meant to protect.
func gatewayDemands(rawQuery string) (scopes, anyRole []string, err error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, nil, errGatewayDemands
	}
	for name, values := range query {
		words := strings.Fields(values[0])
		if len(values) > 1 || len(words) == 0 || strings.ContainsFunc(values[0], unquotable) {
			return nil, nil, errGatewayDemands
		}
		switch name {
		case "scope":
			scopes = words
		case "role":
			anyRole = words
		default:
			return nil, nil, errGatewayDemands
		}
	}
	return scopes, anyRole, nil
}

// unquotable reports whether a character cannot be in a scope, nor in a challenge (RFC 6749 §3.3, RFC 6750 §3).
func unquotable(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

// Verify handles GET /verify. The guard has decided.
func (s *Server) Verify(ctx context.Context, _ api.VerifyRequestObject) (api.VerifyResponseObject, error) {
	p := principal(ctx)
	body := api.VerifiedToken{
		Sub: p.Claims.Subject, Username: optional(p.User.Username), ClientId: p.Claims.ClientID, Sid: p.Claims.SessionID,
		Scope: scope.Join(p.Claims.Scopes), Roles: append([]string{}, p.Claims.Roles...),
	}
	return api.Verify200JSONResponse{Body: body, Headers: api.Verify200ResponseHeaders{
		XAuthSubject: headerValue(body.Sub), XAuthUsername: headerValue(p.User.Username), XAuthClient: headerValue(body.ClientId),
		XAuthSession: headerValue(body.Sid), XAuthScope: headerValue(p.Claims.Scopes...), XAuthRoles: headerValue(body.Roles...),
	}}, nil
}

// headerValue returns words, separated by spaces, as ASCII without control characters and spaces of their
// own.
func headerValue(words ...string) string {
	escaped := make([]string, len(words))
	for i, word := range words {
		escaped[i] = url.PathEscape(word)
	}
	return strings.Join(escaped, " ")
}
