package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// caller returns the address and user agent that the request comes from.
func caller(ctx context.Context) oauth.Caller { return stateOf(ctx).caller }

// callerOf finds out who sends a request.
func callerOf(c echo.Context) oauth.Caller {
	return oauth.Caller{Address: c.RealIP(), UserAgent: userAgent(c.Request()), Device: deviceHint(c)}
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
