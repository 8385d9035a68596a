package hook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/loopback"
)

const (
	lookupTimeout = 2 * time.Second
	dialTimeout   = 5 * time.Second
	maxHeader     = 16 << 10 // bytes of a response
)

// reach decides which IP addresses requests may go to: public ones, those in networks, and loopback if
// the URL says so itself. Otherwise a webhook could be used to send requests into the network that
// Latchkey runs in, such as to the metadata service of a cloud (OWASP, Server-Side Request Forgery).
type reach struct {
	lookup   func(ctx context.Context, host string) ([]netip.Addr, error)
	networks []netip.Prefix
}

// special are the address ranges that are not on the public internet (the registries of RFC 6890),
// beyond those that package netip knows.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

// nat64 is the prefix of IPv6 addresses that stand for the IPv4 address in their last four bytes
// (RFC 6052 §2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// public reports whether an address is on the public internet.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if nat64.Contains(ip) {
		bytes := ip.As16()
		ip = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !within(ip, special)
}

func within(ip netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// allows reports whether requests to a host may go to an address.
func (r reach) allows(host string, ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if loopback.Is(host) {
		return ip.IsLoopback()
	}
	return public(ip) || within(ip, r.networks)
}

// check returns invalid_request if a host is an address that is not allowed, has one, or is a number
// that some programs read as one. A host that cannot be resolved now is not an error: dial checks again.
func (r reach) check(ctx context.Context, host string) error {
	if _, err := netip.ParseAddr(host); err != nil && numeric(host) {
		return fault.Errorf(fault.InvalidRequest, "the host of the webhook URL must be a name or an IP address in its usual form")
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addresses, _ := r.resolve(ctx, host)
	for _, ip := range addresses {
		if !r.allows(host, ip) {
			return fault.Errorf(fault.InvalidRequest,
				"the webhook URL points to %s, which is not a public address; to allow it, set LATCHKEY_WEBHOOK_NETWORKS for this command and for the service", ip)
		}
	}
	return nil
}

// numeric reports whether the last label of a host is a number in any base. Some programs read such
// hosts as IPv4 addresses, for example 2130706433, 0x7f.1 and 017700000001.
func numeric(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := strings.ToLower(host[strings.LastIndex(host, ".")+1:])
	digits, hex := strings.CutPrefix(last, "0x")
	if !hex {
		return digits != "" && strings.Trim(digits, "0123456789") == ""
	}
	return strings.Trim(digits, "0123456789abcdef") == ""
}

// resolve returns the addresses of a host.
func (r reach) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	return r.lookup(ctx, host)
}

// dial connects to the first address of a host that is allowed and responds. It resolves the name
// itself and connects to nothing else, so that the name cannot change its address after the check.
func (r reach) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := r.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialTimeout, Control: func(_, to string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(to)
		if err != nil || !r.allows(host, at.Addr()) {
			return fmt.Errorf("%s is not a public address", to)
		}
		return nil
	}}
	failed := errors.New("the host has no address")
	for _, ip := range addresses {
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(ip.String(), port))
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	return nil, failed
}

// transport returns a transport that connects only to allowed addresses. It uses no proxy: a proxy
// would resolve names again.
func (r reach) transport() http.RoundTripper {
	return &http.Transport{
		DialContext: r.dial, ForceAttemptHTTP2: true, MaxIdleConns: 20, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: maxHeader,
	}
}

// lookupIP asks the resolver of the system.
func lookupIP(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}
