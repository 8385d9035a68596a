package httpapi

import (
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

// pages are where the links of letters lead: they read the token behind the # and call the API.
//
//go:embed pages
var pages embed.FS

// pagePolicy allows the pages' own files and calls of the API, and nothing inline.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// servePages serves the pages of letters. They name each other and the API relatively, so that a
// proxy may put the service under a path.
func (s *Server) servePages(e *echo.Echo) {
	for path, file := range map[string]string{
		"/account/verify": "verify.html", "/account/reset": "reset.html",
		"/account/page.js": "page.js", "/account/page.css": "page.css",
	} {
		e.GET(path, func(c echo.Context) error {
			header := c.Response().Header()
			header.Set(echo.HeaderContentSecurityPolicy, pagePolicy)
			header.Set(echo.HeaderCacheControl, "no-cache")
			http.ServeFileFS(c.Response(), c.Request(), pages, "pages/"+file)
			return nil
		})
	}
}
