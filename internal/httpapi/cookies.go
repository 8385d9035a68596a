package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// The cookies of a browser session. Scripts can read only logged_in, which holds no secret.
const (
	accessCookie   = "latchkey_access"
	refreshCookie  = "latchkey_refresh"
	loggedInCookie = "logged_in"
)

// sessionCookies are the tokens in the cookies of a request, and write those of its response.
type sessionCookies struct {
	access   string
	refresh  string
	secure   bool
	response http.Header
}

type cookiesKey struct{}

func cookiesOf(ctx context.Context) *sessionCookies {
	return ctx.Value(cookiesKey{}).(*sessionCookies) //nolint:forcetypeassert // every request passes withCookies
}

// withCookies reads the cookies of a request. On https their names have the prefix __Host-, which
// binds them to this host and to TLS (RFC 6265bis §4.1.3.2). Plain http is only for development on
// the same machine.
func (s *Server) withCookies(next echo.HandlerFunc) echo.HandlerFunc {
	secure := strings.HasPrefix(s.Issuer, "https:")
	return func(c echo.Context) error {
		cookies := &sessionCookies{secure: secure, response: c.Response().Header()}
		read := func(name string) string {
			cookie, err := c.Cookie(cookies.fullName(name))
			if err != nil {
				return ""
			}
			return cookie.Value
		}
		cookies.access, cookies.refresh = read(accessCookie), read(refreshCookie)
		setContext(c, cookiesKey{}, cookies)
		return next(c)
	}
}

// fullName returns the name with its prefix.
func (k *sessionCookies) fullName(name string) string {
	if k.secure && name != loggedInCookie {
		return "__Host-" + name
	}
	return name
}

// setTokens sets the cookies of the tokens. Each cookie expires with its token.
func (k *sessionCookies) setTokens(t oauth.TokenResponse) {
	k.set(accessCookie, t.AccessToken, t.ExpiresIn)
	k.set(refreshCookie, t.RefreshToken, t.RefreshExpiresIn)
	k.set(loggedInCookie, "true", t.RefreshExpiresIn)
}

// clear deletes the cookies.
func (k *sessionCookies) clear() {
	for _, name := range []string{accessCookie, refreshCookie, loggedInCookie} {
		k.set(name, "", -1)
	}
}

// set sets a cookie, or deletes it if lifetime is negative.
func (k *sessionCookies) set(name, value string, lifetime time.Duration) {
	maxAge := seconds(lifetime)
	if lifetime < 0 {
		maxAge = -1
	}
	cookie := http.Cookie{ //nolint:gosec // without Secure only on plain http, which is for development
		Name: k.fullName(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: k.secure, HttpOnly: name != loggedInCookie, SameSite: http.SameSiteStrictMode,
	}
	k.response.Add(echo.HeaderSetCookie, cookie.String())
}
