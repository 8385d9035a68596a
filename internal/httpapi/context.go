package httpapi

import (
	"context"

	"github.com/labstack/echo/v4"
)

// setContext stores a value in the request's context. Each key is a private type, declared next to
// the function that reads the value.
func setContext(c echo.Context, key, value any) {
	request := c.Request()
	c.SetRequest(request.WithContext(context.WithValue(request.Context(), key, value)))
}
