package httpapi

import (
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

// pages are the pages that the links in emails open. Their script reads the one-time token behind
// the # of the URL and calls the API.
//
//go:embed pages
var pages embed.FS

// pagePolicy is the Content-Security-Policy of the pages. It allows their own files and requests to
// the API, and nothing inline.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// servePages serves the pages under /account, and the files of the page of GET /. They use relative URLs, so that a proxy may serve
// Latchkey under a path prefix.
func (s *Server) servePages(e *echo.Echo) {
	for path, file := range map[string]string{
		"/account/verify": "verify.html", "/account/reset": "reset.html",
		"/account/page.js": "page.js", "/account/page.css": "page.css",
		"/index.js": "index.js", "/index.css": "index.css",
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
