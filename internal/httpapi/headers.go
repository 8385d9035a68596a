package httpapi

import "github.com/labstack/echo/v4"

// The values of headers that every response has. The responses share them: none is ever changed in place.
var (
	nosniff    = []string{"nosniff"}
	uncached   = []string{noStore}
	noReferrer = []string{"no-referrer"}
)

// commonHeaders sets the headers of every response. Handlers whose responses may be cached
// override Cache-Control.
func commonHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header[echo.HeaderXContentTypeOptions] = nosniff
		header[echo.HeaderCacheControl] = uncached
		header[echo.HeaderReferrerPolicy] = noReferrer
		if len(c.Request().TransferEncoding) > 0 {
			// A request with both lengths must end its connection (RFC 9112 §6.1), and net/http does not
			// tell which chunked requests had a Content-Length as well. A proxy that went by it would see
			// another next request than we do.
			header.Set(echo.HeaderConnection, "close")
		}
		return next(c)
	}
}
