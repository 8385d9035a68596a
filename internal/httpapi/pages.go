package httpapi

import (
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/web"
)

// pages has the start page. The other pages are in package web.
//
//go:embed pages
var pages embed.FS

// accountViews are the addresses under /account. The script of the page shows the view of each.
var accountViews = map[string]bool{
	"": true, "sign-in": true, "sign-up": true, "forgot": true, "resend": true, "password": true, "email": true, "sessions": true,
	"data": true, "verify": true, "reset": true,
}

// servePages serves the pages for people and their files.
func (s *Server) servePages(e *echo.Echo) {
	files := func(c echo.Context) error {
		LogQuietly(c)
		s.Site.ServeHTTP(c.Response(), c.Request())
		return nil
	}
	e.GET(web.Prefix+"*", files)
	e.HEAD(web.Prefix+"*", files)
	for _, name := range []string{"index.js", "index.css"} { // of the page of GET /
		e.GET("/"+name, func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
			http.ServeFileFS(c.Response(), c.Request(), pages, "pages/"+name)
			return nil
		})
	}
	e.GET("/account", s.accountPage)
	e.GET("/account/*", s.accountPage)
	if s.Console {
		e.GET("/console", s.consolePage)
		e.GET("/console/*", s.consolePage)
	}
}

// consoleSections are the first parts of the addresses under /console.
var consoleSections = map[string]bool{
	"": true, "users": true, "roles": true, "clients": true, "webhooks": true, "keys": true, "audit": true, "settings": true, "try": true,
}

// consolePage serves a view of the console. It shows nothing by itself: its script calls the API with the
// user's session.
func (s *Server) consolePage(c echo.Context) error {
	page := web.Page{Name: "console", Language: "en"}
	if section, _, _ := strings.Cut(c.Param("*"), "/"); !consoleSections[section] {
		page.Status = http.StatusNotFound
	}
	return s.Site.Serve(c.Response(), c.Request(), page)
}

// accountPage serves a view of the account pages.
func (s *Server) accountPage(c echo.Context) error {
	page := web.Page{Name: "account", Data: map[string]string{"signup": strconv.FormatBool(s.OpenSignup)}}
	if !accountViews[c.Param("*")] {
		page.Status = http.StatusNotFound
	}
	if back := c.QueryParam("return_to"); s.allowedReturn(back) {
		page.Data["return"] = back
	}
	return s.Site.Serve(c.Response(), c.Request(), page)
}

// allowedReturn reports whether a page of an application may be returned to: it must be of an origin
// that may use the cookies as well.
func (s *Server) allowedReturn(page string) bool {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return false
	}
	return s.trustedOrigin(u.Scheme + "://" + u.Host)
}
