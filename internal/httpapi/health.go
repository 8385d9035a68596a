package httpapi

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// errDraining is returned by the readiness check once Drain was called.
var errDraining = fault.ErrUnavailable.Wrap(errIsDraining).After(5 * time.Second)

var errIsDraining = errors.New("the service is shutting down")

// GetHealth handles GET /healthz.
func (s *Server) GetHealth(context.Context, api.GetHealthRequestObject) (api.GetHealthResponseObject, error) {
	return api.GetHealth200JSONResponse{Status: "ok"}, nil
}

// GetReadiness handles GET /readyz. Unless asked to, it does not check the database: without one, access
// tokens can still be verified, and removing replicas from the load balancer would not bring it back.
func (s *Server) GetReadiness(_ context.Context, r api.GetReadinessRequestObject) (api.GetReadinessResponseObject, error) {
	if s.draining.Load() {
		return nil, errDraining
	}
	if r.Params.Deep != nil && *r.Params.Deep != 0 && s.Ready != nil {
		if failing := s.Ready.Failing(); len(failing) > 0 {
			return nil, &notReadyError{failing}
		}
	}
	return api.GetReadiness200JSONResponse{Status: "ready"}, nil
}

// notReadyError is the error of a replica that failed checks. The response names them.
type notReadyError struct{ failing []string }

func (e *notReadyError) Error() string {
	return "this replica failed these checks: " + strings.Join(e.failing, ", ")
}

// Unwrap returns the error to send.
func (e *notReadyError) Unwrap() error {
	return fault.Errorf(fault.Unavailable, "%s", e.Error()).After(errDraining.RetryAfter)
}
