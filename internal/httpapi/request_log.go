package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// LogQuietly makes a request be logged at the level debug, unless it fails: one of a file of a page, or one
// that a page repeats.
func LogQuietly(c echo.Context) { stateOf(c.Request().Context()).quiet = true }

// logRequest logs one line per request. It leaves out the query and the headers, which may contain
// secrets.
func (s *Server) logRequest() echo.MiddlewareFunc {
	return middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
		HandleError: true, LogLatency: true, LogStatus: true, LogMethod: true,
		LogValuesFunc: func(c echo.Context, v middleware.RequestLoggerValues) error {
			state := stateOf(c.Request().Context())
			level := requestLevel(v.Status, state)
			if !s.Log.Enabled(c.Request().Context(), level) {
				return nil
			}
			record := slog.NewRecord(v.StartTime.Add(v.Latency), level, "request", 0) // no walk of the stack for a line of code that is not logged
			record.AddAttrs(
				slog.String("method", v.Method), slog.String("path", loggedPath(c.Request().URL.Path)),
				slog.Int("status", v.Status), slog.Duration("duration", v.Latency),
				slog.String("address", state.caller.Address), slog.String("request_id", requestIDOf(c)))
			if state.err != nil {
				record.AddAttrs(slog.String("error", state.err.Error()))
			}
			_ = s.Log.Handler().Handle(c.Request().Context(), record) // the response does not depend on the log
			return nil
		},
	})
}

// requestLevel returns the level at which a request is logged. It is no error of the service that a caller closes the
// connection before the response.
func requestLevel(status int, s *state) slog.Level {
	switch {
	case status >= http.StatusInternalServerError && !errors.Is(s.err, context.Canceled):
		return slog.LevelError
	case s.quiet:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// oneTimeToken matches a one-time token in a path, where the profile codevoweb has it.
var oneTimeToken = regexp.MustCompile(`/et_[^/]*`)

// loggedPath returns a path as it is in a URL, so that it is one printable word, without one-time
// tokens.
func loggedPath(path string) string {
	path = (&url.URL{Path: path}).EscapedPath()
	if !strings.Contains(path, "/et_") {
		return path
	}
	return oneTimeToken.ReplaceAllString(path, "/et_…")
}

// recoverPanic turns a panic into server_error and logs its stack.
func (s *Server) recoverPanic() echo.MiddlewareFunc {
	return middleware.RecoverWithConfig(middleware.RecoverConfig{
		DisablePrintStack: true, DisableStackAll: true,
		LogErrorFunc: func(c echo.Context, err error, _ []byte) error {
			s.Log.ErrorContext(c.Request().Context(), "panic",
				"error", err, "request_id", requestIDOf(c), "stack", string(debug.Stack()))
			return fmt.Errorf("panic: %w", err)
		},
	})
}
