package httpapi

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/statistics"
	"github.com/latchkey-auth/latchkey/internal/web"
)

// PublicKeys are the keys that the JWKS publishes.
type PublicKeys interface {
	// Keys returns the keys that verify access tokens.
	Keys() []keyring.PublicKey
	// Algorithms returns the signature algorithms in use.
	Algorithms() []string
}

// ReadinessChecks find out whether this replica works.
type ReadinessChecks interface {
	// Failing returns the names of the checks that fail, within about a second.
	Failing() []string
}

// Options are the dependencies and settings of a Server.
type Options struct {
	Issuer         string
	Accounts       *account.Service
	OAuth          *oauth.Service
	Explainer      oauth.Explainer // of the audience of the service
	Audit          *audit.Log
	Keys           PublicKeys
	SigningKeys    SigningKeys
	Hooks          *hook.Service
	Statistics     *statistics.Service
	Settings       []Setting       // of this replica
	Ready          ReadinessChecks // nil: there are none
	Console        bool            // serve the console
	DemoRoutes     bool            // serve the example operations
	CORSOrigins    []string        // exact origins of front ends on other hosts
	CORSLoopback   bool            // allow every loopback origin
	TrustedProxies []netip.Prefix  // proxies whose X-Forwarded-For is trusted
	Welcome        *Welcome        // shown by GET / in development; nil elsewhere
	Now            func() time.Time
	Log            *slog.Logger
	Profiles       []Profile           // compatibility profiles that are on
	Observe        func(Observation)   // called after each request; optional
	Trace          echo.MiddlewareFunc // makes a span of each request; optional
	Site           *web.Site           // the pages for people; nil: with the built-in brand
	OpenSignup     bool                // whether the account pages offer to sign up
}

// Server implements every operation of the contract.
type Server struct {
	Options
	main        contract                      // the main one
	served      func() (contractTexts, error) // made at the first request for it: parsing takes longer than all else at the start
	profiles    []*loadedProfile
	draining    atomic.Bool
	serving     context.Context // ends when the server drains
	stopServing context.CancelFunc
}

var _ api.StrictServerInterface = (*Server)(nil)

// New returns a Server for the embedded contract. Serve its Handler; call Drain before shutting
// down.
func New(o Options) (*Server, error) {
	main, err := mainContract()
	if err != nil {
		return nil, err
	}
	served := sync.OnceValues(func() (contractTexts, error) { return serveable(o.Issuer) })
	profiles, err := loadProfiles(o.Profiles, o.Issuer)
	if err != nil {
		return nil, err
	}
	if o.Site == nil {
		if o.Site, err = web.New(web.Options{}); err != nil {
			return nil, err
		}
	}
	serving, stop := context.WithCancel(context.Background())
	return &Server{Options: o, main: main, served: served, profiles: profiles, serving: serving, stopServing: stop}, nil
}

// tokenAlias is a second path of POST /token, which FastAPI clients expect.
const tokenAlias = "/api/auth/token"

// Handler returns the routes, behind the middleware that every request passes.
func (s *Server) Handler() (*echo.Echo, error) {
	operations, err := s.readContracts()
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = addressExtractor(s.TrustedProxies)
	e.HTTPErrorHandler = s.writeError
	e.Use(once(s.middleware(operations)))
	router := &Router{Echo: e, handlers: map[string]echo.HandlerFunc{}}
	handler := api.NewStrictHandler(s, nil)
	api.RegisterHandlers(router, handler)
	wrapper := api.ServerInterfaceWrapper{Handler: handler}
	e.POST(tokenAlias, wrapper.IssueToken, passwordByDefault)
	e.GET("/", wrapper.GetIndex, withAccept)
	s.serveProfiles(router)
	s.servePages(e)
	return e, s.serveDocs(e)
}

// once builds a chain of middleware once. Echo would build it anew for each request.
func once(chain []echo.MiddlewareFunc) echo.MiddlewareFunc {
	handler := func(c echo.Context) error { return c.Handler()(c) } // that of the route
	for _, middleware := range slices.Backward(chain) {
		handler = middleware(handler)
	}
	return func(echo.HandlerFunc) echo.HandlerFunc { return handler }
}

// middleware returns what a request passes before it reaches its operation, outermost first.
func (s *Server) middleware(operations operations) []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{
		requestID,
		withState,
		s.observe,
		s.trace(),
		s.logRequest(),
		commonHeaders,
		s.recoverPanic(),
		s.cors(),
		selectOperation(operations),
		refuseShadowed(s.main.operations),
		rateLimits,
		s.withCookies,
		s.demoGuard,
		s.browserGuard,
		s.guard,
		parameters,
		s.limitBody,
		oauthForm,
		jsonBody,
	}
}

// Drain makes the readiness check fail, so that load balancers stop sending requests, and ends the
// requests that wait for something to happen.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.stopServing()
}
