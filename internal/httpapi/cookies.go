package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// CookieStyle is how the cookies of a browser session are named and set. A cookie without a name is
// neither read nor set.
type CookieStyle struct {
	Access   string // name of the cookie with the access token
	Refresh  string // name of the cookie with the refresh token
	LoggedIn string // name of a cookie that scripts can read and that holds no secret
	Value    string // of LoggedIn
	SameSite http.SameSite
	Prefix   bool // on https, the names of the token cookies begin with __Host-
}

// mainCookies are the cookies of the main contract.
var mainCookies = CookieStyle{
	Access: "latchkey_access", Refresh: "latchkey_refresh", LoggedIn: "logged_in", Value: "true",
	SameSite: http.SameSiteStrictMode, Prefix: true,
}

// Cookies are the tokens in the cookies of a request, and write those of its response.
type Cookies struct {
	Access  string
	Refresh string

	style    CookieStyle
	secure   bool
	response http.Header
}

// CookiesOf returns the cookies of a request.
func CookiesOf(ctx context.Context) *Cookies { return &stateOf(ctx).cookies }

// withCookies reads the cookies of a request. On https their names have the prefix __Host-, which
// binds them to this host and to TLS (RFC 6265bis §4.1.3.2). Plain http is only for development on
// the same machine. The operations of a profile have the cookies of the profile; where one takes the
// place of a main operation, the main cookie works as well.
func (s *Server) withCookies(next echo.HandlerFunc) echo.HandlerFunc {
	secure := strings.HasPrefix(s.Issuer, "https:")
	return func(c echo.Context) error {
		op := operationOf(c)
		cookies := CookiesOf(c.Request().Context())
		*cookies = Cookies{style: op.cookies(), secure: secure, response: c.Response().Header()}
		if c.Request().Header.Get(echo.HeaderCookie) != "" {
			cookies.read(c, op)
		}
		return next(c)
	}
}

// read reads the tokens that the browser sends to an operation.
func (k *Cookies) read(c echo.Context, op *operation) {
	k.Access = readCookie(c, k.fullName(k.style.Access))
	k.Refresh = readCookie(c, k.fullName(k.style.Refresh))
	if op.main != nil && k.Access == "" {
		main := Cookies{style: mainCookies, secure: k.secure}
		k.Access = readCookie(c, main.fullName(mainCookies.Access))
	}
}

// cookies returns the style of an operation's cookies.
func (o *operation) cookies() CookieStyle {
	if o.profile != nil {
		return o.profile.Cookies
	}
	return mainCookies
}

// readCookie returns the value of a cookie, or "".
func readCookie(c echo.Context, name string) string {
	if name == "" {
		return ""
	}
	cookie, err := c.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// fullName returns the name with its prefix.
func (k *Cookies) fullName(name string) string {
	if k.secure && k.style.Prefix && name != "" && name != k.style.LoggedIn {
		return "__Host-" + name
	}
	return name
}

// SetTokens sets the cookies of the tokens. Each cookie expires with its token.
func (k *Cookies) SetTokens(t oauth.TokenResponse) {
	k.set(k.style.Access, t.AccessToken, t.ExpiresIn)
	k.set(k.style.Refresh, t.RefreshToken, t.RefreshExpiresIn)
	k.set(k.style.LoggedIn, k.style.Value, t.RefreshExpiresIn)
	k.setDevice(t.DeviceHint)
}

// Clear deletes the cookies.
func (k *Cookies) Clear() {
	for _, name := range []string{k.style.Access, k.style.Refresh, k.style.LoggedIn} {
		k.set(name, "", -1)
	}
}

// set sets a cookie, or deletes it if lifetime is negative.
func (k *Cookies) set(name, value string, lifetime time.Duration) {
	if name == "" {
		return
	}
	maxAge := seconds(lifetime)
	if lifetime < 0 {
		maxAge = -1
	}
	cookie := http.Cookie{ //nolint:gosec // without Secure only on plain http, which is for development
		Name: k.fullName(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: k.secure, HttpOnly: name != k.style.LoggedIn, SameSite: k.style.SameSite,
	}
	k.response.Add(echo.HeaderSetCookie, cookie.String())
}
