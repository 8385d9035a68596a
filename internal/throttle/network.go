package throttle

import "net/netip"

// network returns what an IP address is counted as: itself, or for IPv6 its /64, all of which one host
// may use. Any other text is returned unchanged.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		prefix, _ := ip.Prefix(64) // never fails: 64 bits are valid for IPv6
		return prefix.String()
	}
	return ip.String()
}
