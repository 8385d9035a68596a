package httpapi

import (
	"regexp"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// safeRequestID matches the request ids that are taken over from a proxy: they reach the log and
// the audit events.
var safeRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// requestID sets the response's X-Request-Id: the one that a proxy sent, or a new one.
func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if id == "" || !safeRequestID.MatchString(id) {
			id = uuid.NewString()
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

// requestIDOf returns the request id that requestID has set.
func requestIDOf(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }
