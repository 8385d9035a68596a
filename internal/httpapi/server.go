package httpapi

import (
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// PublicKeys are what the JWKS publishes.
type PublicKeys interface {
	// Keys gives the keys that verify tokens.
	Keys() []oauth.PublicKey
	// Algorithms gives the algorithms in use.
	Algorithms() []string
}

// Options are what the HTTP interface needs.
type Options struct {
	Issuer         string
	Accounts       *account.Service
	OAuth          *oauth.Service
	Keys           PublicKeys
	DemoRoutes     bool           // whether the example operations are served
	CORSOrigins    []string       // exact origins of front ends elsewhere
	CORSLoopback   bool           // allow every loopback origin
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Now            func() time.Time
	Log            *slog.Logger
}

// Server answers every operation of the contract.
type Server struct {
	Options
	contract *openapi3.T
	json     []byte // the contract as JSON
	draining atomic.Bool
}

var _ api.StrictServerInterface = (*Server)(nil)

// New builds the server from the contract. Serve Handler; call Drain before shutting down.
func New(o Options) (*Server, error) {
	contract, err := api.GetSpec()
	if err != nil {
		return nil, err
	}
	raw, err := api.GetSpecJSON()
	if err != nil {
		return nil, err
	}
	return &Server{Options: o, contract: contract, json: raw}, nil
}

// Handler gives the routes and what every request passes on its way to one, outermost first.
func (s *Server) Handler() (*echo.Echo, error) {
	operations, err := readContract(s.contract)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = addressExtractor(s.TrustedProxies)
	e.HTTPErrorHandler = s.writeError
	e.Use(
		requestID,
		s.logRequest(),
		commonHeaders,
		s.recoverPanic(),
		s.cors(),
		withCaller,
		s.withCookies,
		s.demoRoutes(operations),
		s.browserOnly(operations),
		s.guard(operations),
		middleware.BodyLimit(maxBody),
		tokenForm(operations),
		contractBody(operations),
	)
	handler := api.NewStrictHandler(s, nil)
	api.RegisterHandlers(e, handler)
	wrapper := api.ServerInterfaceWrapper{Handler: handler}
	e.POST(tokenAlias, wrapper.IssueToken) // the path that FastAPI clients know
	s.servePages(e)
	return e, s.serveDocs(e)
}

// tokenAlias is a second route to POST /token.
const tokenAlias = "/api/auth/token"

// Drain makes the readiness check fail, so that no new requests are sent here.
func (s *Server) Drain() { s.draining.Store(true) }

// addressExtractor takes the caller's address from the connection, or from X-Forwarded-For where
// the hop before is a trusted proxy. Echo would believe anybody by default.
func addressExtractor(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{
		echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false),
	}
	for _, prefix := range trusted {
		options = append(options, echo.TrustIPRange(ipNet(prefix)))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}
