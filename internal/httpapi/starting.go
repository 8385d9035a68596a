package httpapi

import (
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// errStarting is the response to every request before the service has its database.
var errStarting = fault.Errorf(fault.Unavailable, "the service is starting; try again").After(errDraining.RetryAfter)

// Starting returns the handler of a process that waits for its database: it is alive, and not ready.
func Starting(log *slog.Logger) http.Handler {
	s := &Server{Options: Options{Log: log}}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.writeError
	e.Use(requestID, commonHeaders)
	e.GET("/healthz", func(c echo.Context) error { return c.JSON(http.StatusOK, api.Status{Status: "ok"}) })
	e.RouteNotFound("/*", func(echo.Context) error { return errStarting })
	return e
}
