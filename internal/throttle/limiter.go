package throttle

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"time"
)

// Limiter counts attempts in the store.
type Limiter struct {
	store    Store
	keys     [][]byte // of the MACs under which attempts are counted and networks are known
	now      func() time.Time
	failures *recentFailures
	observe  func(policy string)
}

// New returns a Limiter. The keys are secret and the same on all replicas: attempts are counted under
// the first, and all of them recognize known networks and devices. There is at least one.
func New(store Store, keys [][]byte, now func() time.Time) *Limiter {
	return &Limiter{store: store, keys: keys, now: now, failures: newRecentFailures(), observe: func(string) {}}
}

// Observe makes the limiter call f with the name of the policy for each attempt that it refuses. Call it
// before the first attempt.
func (l *Limiter) Observe(f func(policy string)) { l.observe = f }

// LoginFailed remembers a wrong password for a moment. A client that probes how to authenticate itself
// sends the same password twice; that counts once under the counter.
func (l *Limiter) LoginFailed(counter, password string) {
	l.failures.add(l.now(), parseLoginCounter(counter).attempt(), password)
}

// LoginSucceeded refunds the attempt: a known network or device gets back all of its attempts. Unless
// it is a known device, the caller's network is known for the user from now on.
func (l *Limiter) LoginSucceeded(ctx context.Context, address, counter string) error {
	c := parseLoginCounter(counter)
	refunds := l.loginRefunds(address, c, c.reset())
	if !c.worthRemembering() {
		return l.store.Refund(ctx, l.now(), refunds)
	}
	return l.store.RefundAndRemember(ctx, l.now(), refunds, l.knownNetwork(c.user, address), maxNetworks)
}

// RefundLogin refunds what CountLogin counted, when the password was not checked after all.
func (l *Limiter) RefundLogin(ctx context.Context, address, counter string) error {
	c := parseLoginCounter(counter)
	return l.store.Refund(ctx, l.now(), l.loginRefunds(address, c, c.attempt().policy.Every))
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

// CountClientFailure counts a wrong client secret, for the pair of client and address. It returns 0 if the limit
// allows it, else the time until the next attempt is allowed.
func (l *Limiter) CountClientFailure(ctx context.Context, address, client string) (time.Duration, error) {
	return l.spend(ctx, attempt{clientSecret, client + "\x00" + network(address)})
}

// CountSignup counts a sign-up from an address. It returns 0 if the sign-up is allowed, else the time
// until one is.
func (l *Limiter) CountSignup(ctx context.Context, address string) (time.Duration, error) {
	return l.spend(ctx, attempt{signup, network(address)})
}

// RefundSignup refunds what CountSignup counted.
func (l *Limiter) RefundSignup(ctx context.Context, address string) error {
	key := l.mac(attempt{signup, network(address)})
	return l.store.Refund(ctx, l.now(), []Refund{{Key: key, Amount: signup.Every}})
}

// CountMessage counts a request for an email, for the address that requests it and for the recipient. It
// returns 0 if the email is allowed, else the time until one is.
func (l *Limiter) CountMessage(ctx context.Context, address, email string) (time.Duration, error) {
	return l.spend(ctx, attempt{emailFrom, network(address)}, attempt{emailTo, email})
}

// attempt is counted under one policy, for a user, a client, an address or a recipient.
type attempt struct {
	policy Policy
	id     string
}

// spend counts attempts. It returns 0 if all are allowed, else the longest wait of the refused ones.
func (l *Limiter) spend(ctx context.Context, attempts ...attempt) (time.Duration, error) {
	now := l.now()
	charges := make([]Charge, len(attempts))
	for i, a := range attempts {
		charges[i] = l.charge(now, a)
	}
	refused, err := l.store.Spend(ctx, now, charges)
	if err != nil {
		return 0, err
	}
	return l.longestWait(now, attempts, refused), nil
}

func (l *Limiter) charge(now time.Time, a attempt) Charge {
	return Charge{Key: l.mac(a), TAT: now.Add(a.policy.Every), Limit: a.policy.limit(now)}
}

// longestWait returns the longest wait of the attempts that are refused, at least a second, or 0 if none is.
func (l *Limiter) longestWait(now time.Time, attempts []attempt, refused map[string]State) (longest time.Duration) {
	if len(refused) == 0 {
		return 0
	}
	for _, a := range attempts {
		if state, ok := refused[string(l.mac(a))]; ok {
			_, wait := a.policy.Spend(now, state)
			longest = max(longest, wait, time.Second)
			l.observe(a.policy.Name)
		}
	}
	return longest
}

// mac returns the key under which an attempt is counted. It is a MAC, so that the table contains no
// names and no addresses.
func (l *Limiter) mac(a attempt) []byte { return mac(l.keys[0], a.policy.Name, a.id) }

// mac returns the MAC of a purpose and what it is for. Only the last part may contain NUL.
func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(strings.Join(parts, "\x00")))
	return h.Sum(nil)
}
