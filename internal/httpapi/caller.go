package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type callerKey struct{}

// caller returns the address and user agent that the request comes from.
func caller(ctx context.Context) oauth.Caller {
	from, _ := ctx.Value(callerKey{}).(oauth.Caller)
	return from
}

// withCaller stores the caller in the request's context, and as the actor of its audit events. The
// guard adds the user to the actor.
func withCaller(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		from := oauth.Caller{Address: c.RealIP(), UserAgent: userAgent(c.Request()), Device: deviceHint(c)}
		actor := audit.Actor{Address: from.Address, UserAgent: from.UserAgent, RequestID: requestIDOf(c)}
		setContextAndActor(c, callerKey{}, from, actor)
		return next(c)
	}
}

// setContextAndActor stores a value in the request's context, and the actor of the audit events that the
// request causes.
func setContextAndActor(c echo.Context, key, value any, actor audit.Actor) {
	request := c.Request()
	c.SetRequest(request.WithContext(audit.With(context.WithValue(request.Context(), key, value), actor)))
}

const maxUserAgent = 256 // characters

// userAgent returns the User-Agent header without unprintable or non-ASCII characters, cut to
// maxUserAgent.
func userAgent(r *http.Request) string {
	text := r.UserAgent()
	if len(text) <= maxUserAgent && strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	agent := []rune(text)
	agent = agent[:min(len(agent), maxUserAgent)]
	return string(slices.DeleteFunc(agent, unprintable))
}

func unprintable(r rune) bool { return r < ' ' || r > '~' }

// addressExtractor returns the function by which Echo finds the caller's IP address: from the
// connection, or from X-Forwarded-For if the connection comes from a trusted proxy. Without an
// extractor, Echo trusts the header from any sender.
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

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
