package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
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

// failing are checks that fail.
type failing []string

func (f failing) Failing() []string { return f }

// A replica that failed checks is not ready for those who ask for them, and names them.
func TestDeepReadiness(t *testing.T) {
	t.Parallel()
	s, handler := newServer(t)
	s.Ready = failing{"database", "disk"}
	for _, path := range []string{"/readyz", "/readyz?deep=0"} {
		require.Equal(t, http.StatusOK, get(t, handler, path).Code, path)
	}
	response := get(t, handler, "/readyz?deep=1")
	require.Equal(t, http.StatusServiceUnavailable, response.Code)
	require.Equal(t, "5", response.Header().Get(echo.HeaderRetryAfter))
	var problem api.Problem
	require.NoError(t, json.Unmarshal(response.Body.Bytes(), &problem))
	require.Equal(t, "this replica failed these checks: database, disk", problem.Detail)
	require.Equal(t, &[]string{"database", "disk"}, problem.Failing)
	s.Ready = failing{}
	require.Equal(t, http.StatusOK, get(t, handler, "/readyz?deep=1").Code)
}

// A process without a database is alive and not ready.
func TestStarting(t *testing.T) {
	t.Parallel()
	handler := Starting(slog.New(slog.DiscardHandler))
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/readyz?deep=1": 503, "/token": 503, "/": 503, "/nowhere": 503} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		require.Equal(t, want, response.Code, path)
		require.NotEmpty(t, response.Header().Get(echo.HeaderXRequestID), path)
		if want == http.StatusServiceUnavailable {
			require.Equal(t, "5", response.Header().Get(echo.HeaderRetryAfter), path)
		}
	}
}
