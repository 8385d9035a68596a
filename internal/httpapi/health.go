package httpapi

import (
	"context"
	"errors"
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

// GetReadiness handles GET /readyz. It does not check the database: without one, access tokens can
// still be verified, and removing replicas from the load balancer would not bring it back.
func (s *Server) GetReadiness(context.Context, api.GetReadinessRequestObject) (api.GetReadinessResponseObject, error) {
	if s.draining.Load() {
		return nil, errDraining
	}
	return api.GetReadiness200JSONResponse{Status: "ready"}, nil
}
