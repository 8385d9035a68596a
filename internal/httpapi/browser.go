package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// The cookies of a page. Scripts can read loggedIn alone, which says no more than that.
const (
	accessCookie   = "latchkey_access"
	refreshCookie  = "latchkey_refresh"
	loggedInCookie = "logged_in"
)

// cookies are what a page sent, and where the answer's go.
type cookies struct {
	access  string
	refresh string
	secure  bool
	answer  http.Header
}

type cookiesKey struct{}

func cookiesOf(ctx context.Context) *cookies {
	return ctx.Value(cookiesKey{}).(*cookies) //nolint:forcetypeassert // withCookies is in every request's way
}

// withCookies reads a page's cookies. On https their names have the __Host- prefix, which binds them
// to this host and to TLS (RFC 6265bis §4.1.3.2); plain http is loopback in development.
func (s *Server) withCookies(next echo.HandlerFunc) echo.HandlerFunc {
	secure := strings.HasPrefix(s.Issuer, "https:")
	return func(c echo.Context) error {
		jar := &cookies{secure: secure, answer: c.Response().Header()}
		read := func(name string) string {
			cookie, err := c.Cookie(jar.name(name))
			if err != nil {
				return ""
			}
			return cookie.Value
		}
		jar.access, jar.refresh = read(accessCookie), read(refreshCookie)
		putContext(c, cookiesKey{}, jar)
		return next(c)
	}
}

func (j *cookies) name(name string) string {
	if j.secure && name != loggedInCookie {
		return "__Host-" + name
	}
	return name
}

// keep sets the cookies for the tokens, each as long as what it carries.
func (j *cookies) keep(t oauth.TokenResponse) {
	j.set(accessCookie, t.AccessToken, t.ExpiresIn)
	j.set(refreshCookie, t.RefreshToken, t.RefreshExpiresIn)
	j.set(loggedInCookie, "true", t.RefreshExpiresIn)
}

// clear takes the cookies back.
func (j *cookies) clear() {
	for _, name := range []string{accessCookie, refreshCookie, loggedInCookie} {
		j.set(name, "", -1)
	}
}

func (j *cookies) set(name, value string, life time.Duration) {
	maxAge := seconds(life)
	if life < 0 {
		maxAge = -1
	}
	cookie := http.Cookie{ //nolint:gosec // not Secure only on plain http, which is loopback in development
		Name: j.name(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: j.secure, HttpOnly: name != loggedInCookie, SameSite: http.SameSiteStrictMode,
	}
	j.answer.Add(echo.HeaderSetCookie, cookie.String())
}

// Login answers POST /api/auth/login.
func (s *Server) Login(ctx context.Context, r api.LoginRequestObject) (api.LoginResponseObject, error) {
	token, err := s.signIn(ctx, r.Body.Username, r.Body.Password)
	if err != nil {
		return nil, err
	}
	cookiesOf(ctx).keep(token)
	return api.Login200JSONResponse(browserSession(token)), nil
}

// errSignInAgain is the answer to a page whose session has ended.
var errSignInAgain = account.Errorf(oauth.TokenRequired, "the session has ended; sign in again")

// Refresh answers POST /api/auth/refresh.
func (s *Server) Refresh(ctx context.Context, _ api.RefreshRequestObject) (api.RefreshResponseObject, error) {
	jar := cookiesOf(ctx)
	if jar.refresh == "" {
		return nil, errSignInAgain
	}
	token, err := s.OAuth.Token(ctx, oauth.TokenRequest{
		GrantType: oauth.GrantRefresh, RefreshToken: jar.refresh, Caller: caller(ctx),
	})
	if errors.Is(err, oauth.ErrRefresh) {
		jar.clear()
		return nil, errSignInAgain
	}
	if err != nil {
		return nil, err
	}
	jar.keep(token)
	return api.Refresh200JSONResponse(browserSession(token)), nil
}

// Logout answers POST /api/auth/logout.
func (s *Server) Logout(ctx context.Context, _ api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	jar := cookiesOf(ctx)
	if err := s.OAuth.SignOut(ctx, jar.refresh, jar.access); err != nil {
		return nil, err
	}
	jar.clear()
	return api.Logout204Response{}, nil
}

func browserSession(t oauth.TokenResponse) api.BrowserSession {
	return api.BrowserSession{ExpiresIn: seconds(t.ExpiresIn), RefreshExpiresIn: seconds(t.RefreshExpiresIn), Scope: t.Scope}
}

// cookieToken gives the access token of a page's cookie. Cookies come along with requests that
// other sites make a browser send: one that changes something must come from a page of ours.
func (s *Server) cookieToken(c echo.Context) (string, error) {
	jar := cookiesOf(c.Request().Context())
	if jar.access == "" {
		return "", errTokenRequired
	}
	return jar.access, s.checkOrigin(c.Request())
}

// errCrossOrigin refuses what another site made a browser send.
var errCrossOrigin = account.Errorf(crossOrigin, "the request comes from an origin that is not allowed, or names none; see LATCHKEY_CORS_ORIGINS")

// checkOrigin refuses unsafe requests from foreign origins. One that names no origin at all comes
// from no browser of today, or from one that hides it: it must carry a header that a form of
// another site cannot.
func (s *Server) checkOrigin(r *http.Request) error {
	origin, site := r.Header.Get(echo.HeaderOrigin), r.Header.Get("Sec-Fetch-Site")
	switch {
	case r.Method == http.MethodGet, r.Method == http.MethodHead, r.Method == http.MethodOptions:
		return nil
	case origin != "" && (s.allowedOrigin(origin) || origin == originOf(s.Issuer)):
		return nil
	case origin == "" && site == "":
		if r.Header.Get(echo.HeaderXRequestedWith) == "" {
			return errCrossOrigin
		}
		return nil
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return errCrossOrigin.Wrap(err)
	}
	return nil
}

// originOf gives the origin of a URL (RFC 6454 §4).
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// browserOnly holds the operations of the browser tag, which set and read cookies, to checkOrigin.
func (s *Server) browserOnly(all operations) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if all.of(c).browser {
				if err := s.checkOrigin(c.Request()); err != nil {
					return err
				}
			}
			return next(c)
		}
	}
}
