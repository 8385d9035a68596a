package throttle

import (
	"context"
	"time"
)

// How long a network from which a user has signed in is known, how often that is extended, and how many
// networks of a user are known.
const (
	networkLifetime = 30 * 24 * time.Hour
	renewAfter      = time.Hour // so that few sign-ins write
	maxNetworks     = 20
)

// KnownNetwork is a network from which a user has signed in. It contains neither.
type KnownNetwork struct {
	MAC       []byte // of the user and the network
	Owner     []byte // MAC of the user
	ExpiresAt time.Time
}

// NetworkStore stores known networks, with a precision of a second.
type NetworkStore interface {
	// NetworkKnownUntil returns the latest expiry of the networks with these MACs that have not expired
	// at now. The zero time: none is known.
	NetworkKnownUntil(ctx context.Context, macs [][]byte, now time.Time) (time.Time, error)
	// RememberNetwork stores a network, or extends its expiry; it never shortens it. In the same act it
	// deletes the owner's networks beyond keep, those that expire first.
	RememberNetwork(ctx context.Context, n KnownNetwork, keep int) error
	// PurgeNetworks deletes at most limit networks that expired before a time and returns their number.
	PurgeNetworks(ctx context.Context, before time.Time, limit int) (int, error)
}

// networkMACs returns the MACs under which a network of a user may be stored: one for each key.
func (l *Limiter) networkMACs(user, network string) [][]byte {
	macs := make([][]byte, len(l.keys))
	for i, key := range l.keys {
		macs[i] = mac(key, "known-network", user, network)
	}
	return macs
}

// rememberNetwork makes the caller's network known for the user of a counter, unless it is fresh. A known
// device needs no known network; one that travels would only crowd out the others.
func (l *Limiter) rememberNetwork(ctx context.Context, c loginCounter, address string) error {
	if c.fresh || c.kind == fromDevice {
		return nil
	}
	return l.store.RememberNetwork(ctx, KnownNetwork{
		MAC:       mac(l.keys[0], "known-network", c.user, network(address)),
		Owner:     mac(l.keys[0], "network-owner", c.user),
		ExpiresAt: l.now().Add(networkLifetime),
	}, maxNetworks)
}

// PurgeNetworks deletes at most limit known networks that have expired and returns their number.
func (l *Limiter) PurgeNetworks(ctx context.Context, limit int) (int, error) {
	return l.store.PurgeNetworks(ctx, l.now(), limit)
}
