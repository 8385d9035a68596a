package httpapi

import "github.com/labstack/echo/v4"

// commonHeaders sets the headers of every response. Handlers whose responses may be cached
// override Cache-Control.
func commonHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set(echo.HeaderXContentTypeOptions, "nosniff")
		header.Set(echo.HeaderCacheControl, "no-store")
		header.Set(echo.HeaderReferrerPolicy, "no-referrer")
		return next(c)
	}
}
