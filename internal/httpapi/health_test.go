package httpapi

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
)

// A draining replica is not ready, and says when to try again.
func TestReadinessWhileDraining(t *testing.T) {
	t.Parallel()
	s, handler := newServer(t)
	require.Equal(t, http.StatusOK, get(t, handler, "/readyz").Code)
	s.Drain()
	response := get(t, handler, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, response.Code)
	require.Equal(t, "5", response.Header().Get(echo.HeaderRetryAfter))
	require.Equal(t, http.StatusOK, get(t, handler, "/healthz").Code)
}
