package throttle

import (
	"context"
	"strings"
	"time"
)

// CountLogin counts an attempt to log in. It returns what the attempt is counted under, an opaque text for the other login
// methods, and 0 if the attempt is allowed, else the time until one is.
//
// Whoever presents a valid device hint of the user has a limit of its own, and so has each network from
// which the user has signed in. All others share the limit of strangers. That way, strangers who use up
// their attempts do not lock out the user. epoch is that of the user's password; an unknown user has
// epoch 0. The work is the same for every user.
func (l *Limiter) CountLogin(ctx context.Context, address, user string, epoch int64, hint, password string) (counter string, wait time.Duration, err error) {
	now := l.now()
	device, valid := l.openHint(hint, user, epoch, now)
	if !valid {
		return l.countByNetwork(ctx, now, address, user, password)
	}
	c := loginCounter{kind: fromDevice, user: user, id: device}
	if !l.failures.useRepeat(now, c.attempt(), password) {
		wait, err = l.spend(ctx, c.attempt())
	}
	return c.String(), wait, err
}

// countByNetwork counts an attempt for the caller's address, and for its network if that is known for the user, else for
// strangers.
func (l *Limiter) countByNetwork(ctx context.Context, now time.Time, address, user, password string) (string, time.Duration, error) {
	c, known := loginCounter{user: user}, loginCounter{kind: fromNetwork, user: user, id: network(address)}
	until, refused, err := l.store.SpendByNetwork(ctx, now, NetworkCharges{
		MACs:    l.networkMACs(user, network(address)),
		Always:  l.charge(now, fromAddress(address)),
		Known:   l.chargeUnlessRepeated(now, known.attempt(), password),
		Unknown: l.chargeUnlessRepeated(now, c.attempt(), password),
	})
	if err != nil {
		return "", 0, err
	}
	if until.After(now) {
		c = known
	}
	c.fresh = until.Sub(now) > networkLifetime-renewAfter
	return c.String(), l.longestWait(now, c.attempts(address), refused), nil
}

// chargeUnlessRepeated returns the charge of an attempt, or none for a wrong password that is repeated.
func (l *Limiter) chargeUnlessRepeated(now time.Time, a attempt, password string) Charge {
	if l.failures.useRepeat(now, a, password) {
		return Charge{}
	}
	return l.charge(now, a)
}

// counterKind is who shares a counter.
type counterKind string

const (
	strangers   counterKind = ""
	fromNetwork counterKind = "network"
	fromDevice  counterKind = "device"
)

// loginCounter is a parsed counter.
type loginCounter struct {
	kind  counterKind
	user  string
	id    string // of the network or the device
	fresh bool   // the user's network need not be remembered again yet
}

// String returns the counter as text. That of strangers is only the user; the others contain NUL, which
// no username or id does.
func (c loginCounter) String() string {
	if c.kind == strangers {
		return c.user
	}
	fresh := ""
	if c.fresh {
		fresh = "fresh"
	}
	return strings.Join([]string{c.user, string(c.kind), c.id, fresh}, "\x00")
}

func parseLoginCounter(s string) loginCounter {
	parts := strings.Split(s, "\x00")
	if len(parts) != 4 {
		return loginCounter{kind: strangers, user: s}
	}
	return loginCounter{user: parts[0], kind: counterKind(parts[1]), id: parts[2], fresh: parts[3] != ""}
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

// reset returns how much a successful login refunds of the counter. The right password from a known
// network or device shows that the attempts before it were the user's. Strangers get back no more than
// the one attempt: otherwise each sign-in of the user would allow an attacker ten more.
func (c loginCounter) reset() time.Duration {
	policy := c.attempt().policy
	if c.kind == strangers {
		return policy.Every
	}
	return policy.Every * time.Duration(policy.Burst)
}
