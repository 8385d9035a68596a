package throttle

import (
	"context"
	"time"
)

// Charge is one attempt to be counted.
type Charge struct {
	Key   []byte    // under which it is counted
	TAT   time.Time // the state to store if the key was never seen or its state is in the past
	Limit time.Time // the latest allowed state
}

// Charges are those of one attempt, each under a key of its own: First and then, unless that is refused, Second. What is
// refused at first is never attempted, and must not use up the limit of anybody else. Charges without a key are not made.
type Charges struct {
	First, Second Charge
	Known         Charge   // takes the place of Second if the caller's network is known
	Networks      [][]byte // MACs of the caller's network, which is known under any of them
}

// Spent is what the charges of one attempt have led to.
type Spent struct {
	Refused    []byte    // key of the refused charge, or nil
	State      State     // of that key
	KnownUntil time.Time // latest expiry of the networks, or zero if none is known
}

// Refund is the time to be given back to a key, Policy.Every for each attempt.
type Refund struct {
	Key    []byte
	Amount time.Duration
}

// Store stores the state of keys, with a precision of a millisecond, and known networks, with one of a second.
type Store interface {
	// Spend makes charges at now, each of which sets the state of its key to max(state, now) + (c.TAT - now). If that is after
	// c.Limit, the charge is refused, and changes nothing. It MUST be atomic per key: of 200 concurrent attempts no more are
	// allowed than of 200 in sequence. A network is known until it expires.
	Spend(ctx context.Context, now time.Time, c Charges) (Spent, error)
	// Refund subtracts each amount from the stored state, which does not become less than now. The keys are in the order of
	// Charges, so that a store may lock them in that order.
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
