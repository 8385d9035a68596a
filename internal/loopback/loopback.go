// Package loopback recognises addresses that are reachable only from this machine.
package loopback

import (
	"net"
	"net/netip"
	"strings"
)

// Is reports whether HOST or HOST:PORT names this machine: localhost or a loopback address.
func Is(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
