package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// A panic returns server_error with the request id. Its text and stack are only logged.
func TestPanic(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &Server{Options: Options{Issuer: "http://localhost", Log: slog.New(slog.NewTextHandler(&log, nil))}}
	e := echo.New()
	e.HTTPErrorHandler = s.writeError
	e.Use(requestID, s.logRequest(), commonHeaders, s.recoverPanic())
	panics := func(echo.Context) error { panic("secret text of the panic") }
	e.POST("/token", panics)
	e.GET("/api/users/me", panics)
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPost, "/token", `{"error": "server_error", "error_description": "internal error; include the request id when you report it"}`},
		{http.MethodGet, "/api/users/me", `{"type": "about:blank", "title": "Internal Server Error", "status": 500, "code": "server_error",
			"detail": "internal error; include the request id when you report it", "instance": "/api/users/me", "request_id": "request-4711"}`},
	} {
		response := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
		request.Header.Set(echo.HeaderXRequestID, "request-4711")
		e.ServeHTTP(response, request)
		require.Equal(t, http.StatusInternalServerError, response.Code)
		require.JSONEq(t, c.body, response.Body.String())
		require.Equal(t, "request-4711", response.Header().Get(echo.HeaderXRequestID))
		require.Equal(t, "no-store", response.Header().Get(echo.HeaderCacheControl))
		require.Empty(t, response.Header().Get(echo.HeaderWWWAuthenticate))
	}
	require.Contains(t, log.String(), "secret text of the panic")
	require.Contains(t, log.String(), "request_log_test.go")
	require.Contains(t, log.String(), "request_id=request-4711")
}

// The files of the pages are logged at the level debug, unless the response is an error.
func TestQuietRequests(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &Server{Options: Options{Issuer: "http://localhost", Log: slog.New(slog.NewTextHandler(&log, nil))}}
	e := echo.New()
	e.HTTPErrorHandler = s.writeError
	e.Use(requestID, withState, s.logRequest())
	e.GET("/:status", func(c echo.Context) error {
		LogQuietly(c)
		if c.Param("status") == "500" {
			return errServer
		}
		return c.NoContent(http.StatusNoContent)
	})
	for _, status := range []string{"204", "500"} {
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+status, nil))
	}
	require.NotContains(t, log.String(), "path=/204")
	require.Contains(t, log.String(), "level=ERROR msg=request method=GET path=/500")
}

// Callers who close the connection before the response cannot fill the log with errors.
func TestLevelOfCanceledRequest(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]slog.Level{
		fault.ErrUnavailable.Wrap(context.Canceled):         slog.LevelInfo,
		fault.ErrUnavailable.Wrap(context.DeadlineExceeded): slog.LevelError,
		fault.ErrUnavailable:                                slog.LevelError,
	} {
		require.Equal(t, want, requestLevel(http.StatusServiceUnavailable, &state{err: err}), err)
	}
}
