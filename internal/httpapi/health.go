package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
)

// GetHealth answers GET /healthz.
func (s *Server) GetHealth(context.Context, api.GetHealthRequestObject) (api.GetHealthResponseObject, error) {
	return api.GetHealth200JSONResponse{Status: "ok"}, nil
}

// GetReadiness answers GET /readyz. It does not ask the database: with that away tokens can still
// be verified, and a replica taken out would not bring it back.
func (s *Server) GetReadiness(context.Context, api.GetReadinessRequestObject) (api.GetReadinessResponseObject, error) {
	if s.draining.Load() {
		return nil, retryLater
	}
	return api.GetReadiness200JSONResponse{Status: "ready"}, nil
}
