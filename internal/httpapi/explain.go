package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// ExplainToken handles POST /api/tokens/explain.
func (s *Server) ExplainToken(ctx context.Context, r api.ExplainTokenRequestObject) (api.ExplainTokenResponseObject, error) {
	need, err := s.demanded(*r.Body)
	if err != nil {
		return nil, err
	}
	e, err := s.Explainer.ExplainTo(ctx, principal(ctx), r.Body.Token, need)
	if err != nil {
		return nil, err
	}
	return api.ExplainToken200JSONResponse(TokenExplanation(e)), nil
}

var (
	errTwoDemands = fault.Errorf(fault.InvalidRequest, "send either operation, or scope and role").At("/operation")
	errOperation  = fault.Errorf(fault.InvalidRequest,
		"unknown operation; name it by its operationId, such as listUsers, or by its method and path, such as GET /api/users").At("/operation")
	errNoDemand = fault.Errorf(fault.InvalidRequest, "the operation needs no access token").At("/operation")
)

// demanded returns what a question demands of the token.
func (s *Server) demanded(q api.TokenQuestion) (oauth.Requirement, error) {
	scopes, roles := strings.Fields(value(q.Scope)), strings.Fields(value(q.Role))
	switch {
	case q.Operation == nil:
		return oauth.Requirement{Scopes: scopes, AnyRole: roles}, nil
	case len(scopes)+len(roles) > 0:
		return oauth.Requirement{}, errTwoDemands
	}
	need, err := s.main.operations.requirement(*q.Operation)
	switch {
	case err != nil:
		return oauth.Requirement{}, errOperation
	case !need.AnyToken:
		return oauth.Requirement{}, errNoDemand
	}
	return need, nil
}

// Verdict returns the HTTP status with which an operation responds to an explained token, 0 if that is not
// certain, and a sentence.
func Verdict(e oauth.Explanation) (code int, text string) {
	switch {
	case e.Rejected != "":
		code = status(e.Rejected)
		return code, fmt.Sprintf("rejected with %d %s", code, e.Rejected)
	case !e.Complete():
		return 0, "nothing was found against it, but not everything could be checked"
	}
	return http.StatusOK, "accepted"
}

// TokenExplanation returns an explanation as the contract describes it.
func TokenExplanation(e oauth.Explanation) api.TokenExplanation {
	code, text := Verdict(e)
	x := api.TokenExplanation{
		Header: api.TokenHeader{Alg: e.Token.Algorithm, Typ: e.Token.Type, Kid: e.Token.KeyID},
		Claims: map[string]any{}, Checks: []api.TokenCheck{}, Status: code, Error: string(e.Rejected), Result: text,
	}
	for name, claim := range e.Token.Payload {
		x.Claims[name] = claim
	}
	for _, c := range e.Checks {
		x.Checks = append(x.Checks, api.TokenCheck{Check: c.Name, Status: string(c.Outcome), Text: c.Text})
	}
	return x
}
