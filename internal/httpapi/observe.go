package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Observation is what metrics learn about a request. Each field has few values, whatever callers send.
type Observation struct {
	Operation   string        // operationId, or OtherOperation
	Status      int           // of the response
	Duration    time.Duration // until the response was written
	Unavailable string        // one of UnavailableCauses after a 503, else empty
}

// OtherOperation is the operation of requests that the contract does not describe: the pages, the
// documentation, and paths that do not exist.
const OtherOperation = "other"

// The causes of a 503.
const (
	causeHashes   = "hash_queue"   // no password could be hashed in time
	causeProcess  = "hash_process" // the processes that hash passwords fail
	causeDraining = "draining"     // the readiness check of a replica that is shutting down
	causeUnready  = "not_ready"    // the deep readiness check of a replica that has failed one
	causeCanceled = "canceled"     // the caller closed the connection
	causeDatabase = "database"     // the database did not respond in time, or refused
	causeOther    = "other"
)

// UnavailableCauses are the causes of a 503 that an Observation distinguishes.
var UnavailableCauses = []string{causeHashes, causeProcess, causeDraining, causeUnready, causeCanceled, causeDatabase, causeOther}

// observe reports each request when its response has been written.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	if s.Observe == nil {
		return next
	}
	return func(c echo.Context) error {
		start := s.Now()
		err := next(c)
		o := Observation{Operation: operationOf(c).id, Status: c.Response().Status, Duration: s.Now().Sub(start)}
		if o.Operation == "" {
			o.Operation = OtherOperation
		}
		if o.Status == http.StatusServiceUnavailable {
			o.Unavailable = unavailableCause(stateOf(c.Request().Context()).err)
		}
		s.Observe(o)
		return err
	}
}

// unavailableCause tells why the response to a request is a 503. Every cause that is hidden in
// fault.ErrUnavailable and has no name of its own is one of the store.
func unavailableCause(err error) string {
	var domain *fault.Error
	switch {
	case errors.Is(err, fault.ErrNoHashSlot):
		return causeHashes
	case errors.Is(err, fault.ErrHashProcess):
		return causeProcess
	case errors.Is(err, errIsDraining):
		return causeDraining
	case errors.As(err, new(*notReadyError)):
		return causeUnready
	case errors.Is(err, context.Canceled):
		return causeCanceled
	case errors.As(err, &domain) && domain.Unwrap() != nil, errors.Is(err, context.DeadlineExceeded):
		return causeDatabase
	default:
		return causeOther
	}
}

// trace returns the middleware that makes spans, or one that does nothing.
func (s *Server) trace() echo.MiddlewareFunc {
	if s.Trace == nil {
		return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
	}
	return s.Trace
}
