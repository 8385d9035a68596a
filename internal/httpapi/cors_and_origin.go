package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/loopback"
)

// publicPaths may be read from every origin, without credentials.
var publicPaths = map[string]bool{
	"/.well-known/jwks.json": true, "/.well-known/oauth-authorization-server": true,
	"/.well-known/openid-configuration": true, "/openapi.json": true, "/openapi-3.1.json": true, "/openapi.yaml": true,
	pluginPath: true,
}

// cors sets the CORS headers: every origin may read the public paths, and the allowed origins may
// call all operations with credentials.
func (s *Server) cors() echo.MiddlewareFunc {
	isPublic := func(c echo.Context) bool {
		path := c.Request().URL.Path
		return publicPaths[path] || strings.HasPrefix(path, contractsPath)
	}
	anyOrigin := middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper: func(c echo.Context) bool { return !isPublic(c) }, AllowMethods: []string{http.MethodGet},
	})
	allowedOrigins := middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper:          isPublic,
		AllowOriginFunc:  func(origin string) (bool, error) { return s.allowedOrigin(origin), nil },
		AllowMethods:     []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowHeaders:     []string{echo.HeaderAuthorization, echo.HeaderContentType, echo.HeaderXRequestedWith},
		ExposeHeaders:    []string{echo.HeaderWWWAuthenticate, echo.HeaderRetryAfter, rateLimit, rateLimitPolicy, echo.HeaderXRequestID},
		AllowCredentials: true, // the cookies of browser_login.go
		MaxAge:           600,
	})
	return func(next echo.HandlerFunc) echo.HandlerFunc { return anyOrigin(allowedOrigins(next)) }
}

// allowedOrigin reports whether an origin is exactly one of CORSOrigins, or a loopback origin while
// those are allowed.
func (s *Server) allowedOrigin(origin string) bool {
	if slices.Contains(s.CORSOrigins, origin) {
		return true
	}
	if !s.CORSLoopback {
		return false
	}
	u, err := url.Parse(origin)
	return err == nil && loopback.Is(u.Hostname())
}

var (
	// errCrossOrigin is returned for a request that a page of another site made the browser send.
	errCrossOrigin = fault.Errorf(crossOrigin, "the origin of the request is missing or not allowed; see LATCHKEY_CORS_ORIGINS")
	// errNoOrigin is returned for a request that does not come from a page, as far as its headers tell.
	errNoOrigin = fault.Errorf(crossOrigin, "a request with cookies that names no origin needs the header X-Requested-With, with any value")
)

// trustedOrigin reports whether pages of an origin may use the cookies: an allowed origin, or that of the service.
func (s *Server) trustedOrigin(origin string) bool {
	return origin != "" && (s.allowedOrigin(origin) || origin == originOf(s.Issuer))
}

// checkOrigin protects operations that use cookies against cross-site requests: it refuses unsafe
// methods from origins that are not allowed. A request with neither Origin nor Sec-Fetch-Site does
// not come from a current browser, or from one that hides them; it must carry X-Requested-With,
// which a form of another site cannot send.
func (s *Server) checkOrigin(r *http.Request) error {
	origin, site := r.Header.Get(echo.HeaderOrigin), r.Header.Get("Sec-Fetch-Site")
	switch {
	case isSafe(r.Method):
		return nil
	case s.trustedOrigin(origin):
		return nil
	case origin == "" && site == "":
		if r.Header.Get(echo.HeaderXRequestedWith) == "" {
			return errNoOrigin
		}
		return nil
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return errCrossOrigin.Wrap(err)
	}
	return nil
}

// isSafe reports whether a method changes nothing (RFC 9110 §9.2.1).
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// checkUnsafeGet is checkOrigin for the GET operations of a profile that change something. Links and
// images of other sites send GET as well, so X-Requested-With does not help: the browser must say
// that the request comes from an allowed origin, or without one from the same site.
func (s *Server) checkUnsafeGet(r *http.Request) error {
	origin, site := r.Header.Get(echo.HeaderOrigin), r.Header.Get("Sec-Fetch-Site")
	if s.trustedOrigin(origin) {
		return nil
	}
	if origin == "" && (site == "same-origin" || site == "same-site") {
		return nil
	}
	return errCrossOrigin
}

// originOf returns the origin of a URL (RFC 6454 §4), or "" if the URL is malformed.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
