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

// networkMACs returns the MACs under which a network of a user may be stored: one for each key.
func (l *Limiter) networkMACs(user, network string) [][]byte {
	macs := make([][]byte, len(l.keys))
	for i, key := range l.keys {
		macs[i] = mac(key, "known-network", user, network)
	}
	return macs
}

// worthRemembering reports whether the caller's network must be remembered for the user of a counter: not while it is
// fresh. A known device needs no known network; one that travels would only crowd out the others.
func (c loginCounter) worthRemembering() bool { return !c.fresh && c.kind != fromDevice }

// knownNetwork returns the caller's network as that of a user who signs in now.
func (l *Limiter) knownNetwork(user, address string) KnownNetwork {
	return KnownNetwork{
		MAC:       mac(l.keys[0], "known-network", user, network(address)),
		Owner:     mac(l.keys[0], "network-owner", user),
		ExpiresAt: l.now().Add(networkLifetime),
	}
}

// PurgeNetworks deletes at most limit known networks that have expired and returns their number.
func (l *Limiter) PurgeNetworks(ctx context.Context, limit int) (int, error) {
	return l.store.PurgeNetworks(ctx, l.now(), limit)
}
