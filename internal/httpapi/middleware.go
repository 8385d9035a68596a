package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const errorKey = "latchkey.error" // where writeError leaves the error for the log

// wellFormedID is what is believed of a request id that a proxy made.
var wellFormedID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// requestID names a request: as the proxy in front did, or anew.
func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !wellFormedID.MatchString(id) {
			id = account.NewID()
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func requestIDOf(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// logRequest writes one event per request, without query and headers, which may carry secrets.
func (s *Server) logRequest() echo.MiddlewareFunc {
	return middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
		HandleError: true, LogLatency: true, LogStatus: true, LogMethod: true,
		LogValuesFunc: func(c echo.Context, v middleware.RequestLoggerValues) error {
			level, attrs := slog.LevelInfo, []slog.Attr{
				slog.String("method", v.Method), slog.String("path", c.Request().URL.Path),
				slog.Int("status", v.Status), slog.Duration("took", v.Latency),
				slog.String("address", c.RealIP()), slog.String("request_id", requestIDOf(c)),
			}
			if err, ok := c.Get(errorKey).(error); ok {
				attrs = append(attrs, slog.String("error", err.Error()))
			}
			if v.Status >= http.StatusInternalServerError {
				level = slog.LevelError
			}
			s.Log.LogAttrs(c.Request().Context(), level, "request", attrs...)
			return nil
		},
	})
}

// commonHeaders sets what every answer carries; handlers that allow caching say so themselves.
func commonHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set(echo.HeaderXContentTypeOptions, "nosniff")
		header.Set(echo.HeaderCacheControl, "no-store")
		header.Set(echo.HeaderReferrerPolicy, "no-referrer")
		return next(c)
	}
}

// recoverPanic turns a panic into server_error; the stack goes to the log.
func (s *Server) recoverPanic() echo.MiddlewareFunc {
	return middleware.RecoverWithConfig(middleware.RecoverConfig{
		DisablePrintStack: true, DisableStackAll: true,
		LogErrorFunc: func(c echo.Context, err error, _ []byte) error {
			s.Log.ErrorContext(c.Request().Context(), "panic",
				"error", err, "request_id", requestIDOf(c), "stack", string(debug.Stack()))
			return fmt.Errorf("panic: %w", err)
		},
	})
}

// cors lets front ends of the configured origins call; discovery and keys are for everybody.
func (s *Server) cors() echo.MiddlewareFunc {
	public := map[string]bool{
		"/.well-known/jwks.json": true, "/.well-known/oauth-authorization-server": true,
		"/.well-known/openid-configuration": true, "/openapi.json": true, "/openapi.yaml": true,
	}
	isPublic := func(c echo.Context) bool { return public[c.Request().URL.Path] }
	forAll := middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper: func(c echo.Context) bool { return !isPublic(c) }, AllowMethods: []string{http.MethodGet},
	})
	listed := middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper:          isPublic,
		AllowOriginFunc:  func(origin string) (bool, error) { return s.allowedOrigin(origin), nil },
		AllowMethods:     []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowHeaders:     []string{echo.HeaderAuthorization, echo.HeaderContentType, echo.HeaderXRequestedWith},
		ExposeHeaders:    []string{echo.HeaderWWWAuthenticate, echo.HeaderRetryAfter, echo.HeaderXRequestID},
		AllowCredentials: true, // for the cookies of pages elsewhere
		MaxAge:           600,
	})
	return func(next echo.HandlerFunc) echo.HandlerFunc { return forAll(listed(next)) }
}

// allowedOrigin says whether an origin is listed to the letter, or a loopback one where those are allowed.
func (s *Server) allowedOrigin(origin string) bool {
	if slices.Contains(s.CORSOrigins, origin) {
		return true
	}
	if !s.CORSLoopback {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

type callerKey struct{}

// withCaller puts where the request comes from into its context.
func withCaller(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		from := oauth.Caller{Address: c.RealIP(), UserAgent: userAgent(c.Request())}
		putContext(c, callerKey{}, from)
		actAs(c, audit.Actor{Address: from.Address, UserAgent: from.UserAgent, RequestID: requestIDOf(c)})
		return next(c)
	}
}

// actAs says who makes the request, for the audit events of what it does.
func actAs(c echo.Context, who audit.Actor) {
	c.SetRequest(c.Request().WithContext(audit.With(c.Request().Context(), who)))
}

func caller(ctx context.Context) oauth.Caller {
	from, _ := ctx.Value(callerKey{}).(oauth.Caller)
	return from
}

const maxUserAgent = 256 // bytes that are kept

// userAgent gives the header as printable ASCII, cut to what is kept.
func userAgent(r *http.Request) string {
	agent := []rune(r.UserAgent())
	agent = agent[:min(len(agent), maxUserAgent)]
	return string(slices.DeleteFunc(agent, func(r rune) bool { return r < ' ' || r > '~' }))
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
