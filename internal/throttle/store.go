package throttle

import (
	"context"
	"slices"
	"time"
)

// Charge is one attempt to be counted.
type Charge struct {
	Key   []byte    // under which it is counted
	TAT   time.Time // the state to store if the key was never seen or its state is in the past
	Limit time.Time // the latest allowed state
}

// NetworkCharges are the charges of one attempt that is counted in another place if it comes from a known network. Charges
// without a key are not made.
type NetworkCharges struct {
	MACs    [][]byte // of the network, at least one: it is known under any of them
	Always  Charge
	Known   Charge // made if the network is known
	Unknown Charge // made if it is not
}

// Due returns the charges to be made if the network is known, or is not.
func (n NetworkCharges) Due(known bool) []Charge {
	other := n.Unknown
	if known {
		other = n.Known
	}
	return slices.DeleteFunc([]Charge{n.Always, other}, func(c Charge) bool { return len(c.Key) == 0 })
}

// Refund is the time to be given back to a key, Policy.Every for each attempt.
type Refund struct {
	Key    []byte
	Amount time.Duration
}

// Store stores the state of keys, with a precision of a millisecond, and known networks, with one of a second.
type Store interface {
	// Spend charges every key at now, independently of the others: the stored state becomes
	// max(state, now) + (c.TAT - now), unless that is after c.Limit; then it does not change and the
	// charge is refused. It returns the states of the refused keys, by key. It MUST be atomic per key:
	// of 200 concurrent attempts no more are allowed than of 200 in sequence.
	Spend(ctx context.Context, now time.Time, charges []Charge) (refused map[string]State, err error)
	// SpendByNetwork is Spend of the charges that are due, and returns the latest expiry of the networks with these MACs
	// that have not expired at now. The zero time: the network is not known.
	SpendByNetwork(ctx context.Context, now time.Time, n NetworkCharges) (until time.Time, refused map[string]State, err error)
	// Refund subtracts each amount from the stored state, which does not become less than now.
	Refund(ctx context.Context, now time.Time, refunds []Refund) error
	// RefundAndRemember is Refund and, in the same act, stores a network or extends its expiry, which it never
	// shortens. It deletes the owner's networks beyond keep, those that expire first.
	RefundAndRemember(ctx context.Context, now time.Time, refunds []Refund, n KnownNetwork, keep int) error
	// PurgeThrottle deletes at most limit keys whose state is before the given time, and returns how
	// many it deleted. Such a key then counts as never seen.
	PurgeThrottle(ctx context.Context, before time.Time, limit int) (int, error)
	// PurgeNetworks deletes at most limit networks that expired before a time and returns their number.
	PurgeNetworks(ctx context.Context, before time.Time, limit int) (int, error)
}
