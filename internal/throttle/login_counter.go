package throttle

import (
	"context"
	"time"
)

// CountLogin counts an attempt to log in. It returns what the attempt is counted under, for the other login methods,
// and 0 if the attempt is allowed, else the time until one is.
//
// Whoever presents a valid device hint of the user has a limit of its own, and so has each network from
// which the user has signed in. All others share the limit of strangers. That way, strangers who use up
// their attempts do not lock out the user. epoch is that of the user's password; an unknown user has
// epoch 0. The work is the same for every user.
func (l *Limiter) CountLogin(ctx context.Context, address, user string, epoch int64, hint, password string) (counter any, wait time.Duration, err error) {
	now := l.now()
	device, valid := l.openHint(hint, user, epoch, now)
	if !valid {
		return l.countByNetwork(ctx, now, address, user, password)
	}
	c := loginCounter{kind: fromDevice, user: user, id: device}
	charge := l.chargeUnlessRepeated(now, c.attempt(), password)
	c.free = charge.Key == nil
	spent, err := l.store.Spend(ctx, now, Charges{First: charge})
	return c, l.wait(now, spent, c.attempt()), err
}

// countByNetwork counts an attempt for the caller's address, and for its network if that is known for the user, else for
// strangers.
func (l *Limiter) countByNetwork(ctx context.Context, now time.Time, address, user, password string) (any, time.Duration, error) {
	c, known := loginCounter{user: user}, loginCounter{kind: fromNetwork, user: user, id: network(address)}
	charges := Charges{
		First:    l.charge(now, fromAddress(address)),
		Second:   l.chargeUnlessRepeated(now, c.attempt(), password),
		Known:    l.chargeUnlessRepeated(now, known.attempt(), password),
		Networks: l.networkMACs(user, network(address)),
	}
	spent, err := l.store.Spend(ctx, now, charges)
	c.free = charges.Second.Key == nil
	if !spent.KnownUntil.IsZero() {
		c, c.free = known, charges.Known.Key == nil
	}
	c.fresh = spent.KnownUntil.Sub(now) > networkLifetime-renewAfter
	return c, l.wait(now, spent, c.attempts(address)...), err
}

// chargeUnlessRepeated returns the charge of an attempt, or none for a wrong password that is repeated.
func (l *Limiter) chargeUnlessRepeated(now time.Time, a attempt, password string) Charge {
	if l.failures.useRepeat(now, a, password) {
		return Charge{}
	}
	return l.charge(now, a)
}

// LoginFailed remembers a wrong password for a moment. A client that probes how to authenticate itself
// sends the same password twice; that counts once under the counter.
func (l *Limiter) LoginFailed(counter any, password string) {
	l.failures.add(l.now(), opened(counter).attempt(), password)
}

// LoginSucceeded refunds the attempt: a known network or device gets back all of its attempts. Unless
// it is a known device, the caller's network is known for the user from now on.
func (l *Limiter) LoginSucceeded(ctx context.Context, address string, counter any) error {
	c := opened(counter)
	refunds := l.loginRefunds(address, c, c.reset())
	if !c.worthRemembering() {
		return l.store.Refund(ctx, l.now(), refunds)
	}
	return l.store.RefundAndRemember(ctx, l.now(), refunds, l.knownNetwork(c.user, address), maxNetworks)
}

// RefundLogin refunds what CountLogin counted, when the password was not checked after all.
func (l *Limiter) RefundLogin(ctx context.Context, address string, counter any) error {
	c := opened(counter)
	return l.store.Refund(ctx, l.now(), l.loginRefunds(address, c, c.charged()))
}

// loginRefunds returns the refund of an amount under the counter, and of one attempt of the address.
func (l *Limiter) loginRefunds(address string, c loginCounter, amount time.Duration) []Refund {
	var refunds []Refund
	for _, a := range c.attempts(address) {
		refunds = append(refunds, Refund{Key: l.mac(a), Amount: a.policy.Every})
	}
	refunds[len(refunds)-1].Amount = amount // the last one is that of the counter
	return refunds
}

// counterKind is who shares a counter.
type counterKind string

const (
	strangers   counterKind = ""
	fromNetwork counterKind = "network"
	fromDevice  counterKind = "device"
)

// loginCounter is what an attempt is counted under.
type loginCounter struct {
	kind  counterKind
	user  string
	id    string // of the network or the device
	fresh bool   // the user's network need not be remembered again yet
	free  bool   // the attempt repeats a wrong password and was not charged under the counter
}

// opened returns a counter that CountLogin has returned.
func opened(counter any) loginCounter {
	c, _ := counter.(loginCounter) // there are no others
	return c
}

// attempts returns what an attempt is counted for: the caller's address, and who shares the counter. A
// device is counted by itself, so that others behind the same address do not lock it out.
func (c loginCounter) attempts(address string) []attempt {
	switch c.kind {
	case fromDevice:
		return []attempt{c.attempt()}
	case fromNetwork, strangers:
	}
	return []attempt{fromAddress(address), c.attempt()}
}

func fromAddress(address string) attempt { return attempt{loginAddress, network(address)} }

// attempt returns the attempt that is counted for those who share the counter.
func (c loginCounter) attempt() attempt {
	switch c.kind {
	case fromDevice:
		return attempt{loginDevice, c.user + "\x00" + c.id}
	case fromNetwork:
		return attempt{loginNetwork, c.user + "\x00" + c.id}
	case strangers:
	}
	return attempt{loginUser, c.user}
}

// charged returns how much the attempt was charged under the counter. No more may be refunded: otherwise a caller who repeats
// each wrong password and goes away before it is verified would have attempts without end.
func (c loginCounter) charged() time.Duration {
	if c.free {
		return 0
	}
	return c.attempt().policy.Every
}

// reset returns how much a successful login refunds of the counter. The right password from a known
// network or device shows that the attempts before it were the user's. Strangers get back no more than
// the one attempt: otherwise each sign-in of the user would allow an attacker ten more.
func (c loginCounter) reset() time.Duration {
	if c.kind == strangers {
		return c.charged()
	}
	policy := c.attempt().policy
	return policy.Every * time.Duration(policy.Burst)
}
