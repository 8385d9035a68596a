package throttle

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
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

// CountClientFailure counts a wrong client secret, for the pair of client and address. It returns 0 if the limit
// allows it, else the time until the next attempt is allowed.
func (l *Limiter) CountClientFailure(ctx context.Context, address, client string) (time.Duration, error) {
	return l.count(ctx, attempt{clientSecret, client + "\x00" + network(address)})
}

// CountSignup counts a sign-up from an address. It returns 0 if the sign-up is allowed, else the time
// until one is.
func (l *Limiter) CountSignup(ctx context.Context, address string) (time.Duration, error) {
	return l.count(ctx, attempt{signup, network(address)})
}

// RefundSignup refunds what CountSignup counted.
func (l *Limiter) RefundSignup(ctx context.Context, address string) error {
	key := l.mac(attempt{signup, network(address)})
	return l.store.Refund(ctx, l.now(), []Refund{{Key: key, Amount: signup.Every}})
}

// CountMessage counts a request for an email, for the address that requests it and for the recipient. It
// returns 0 if the email is allowed, else the time until one is.
func (l *Limiter) CountMessage(ctx context.Context, address, email string) (time.Duration, error) {
	now, from, to := l.now(), attempt{emailFrom, network(address)}, attempt{emailTo, email}
	spent, err := l.store.Spend(ctx, now, Charges{First: l.charge(now, from), Second: l.charge(now, to)})
	return l.wait(now, spent, from, to), err
}

// attempt is counted under one policy, for a user, a client, an address or a recipient.
type attempt struct {
	policy Policy
	id     string
}

// count counts an attempt that is counted in one place. It returns 0 if it is allowed, else the time until one is.
func (l *Limiter) count(ctx context.Context, a attempt) (time.Duration, error) {
	now := l.now()
	spent, err := l.store.Spend(ctx, now, Charges{First: l.charge(now, a)})
	return l.wait(now, spent, a), err
}

func (l *Limiter) charge(now time.Time, a attempt) Charge {
	return Charge{Key: l.mac(a), TAT: now.Add(a.policy.Every), Limit: a.policy.limit(now)}
}

// wait returns how long to wait if one of the attempts was refused, at least a second, or 0 if none was.
func (l *Limiter) wait(now time.Time, spent Spent, attempts ...attempt) time.Duration {
	if spent.Refused == nil {
		return 0
	}
	i := slices.IndexFunc(attempts, func(a attempt) bool { return bytes.Equal(l.mac(a), spent.Refused) })
	policy := attempts[i].policy
	l.observe(policy.Name)
	_, wait := policy.Spend(now, spent.State)
	return max(wait, time.Second)
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

// Purge deletes at most limit keys whose state has expired and returns their number.
func (l *Limiter) Purge(ctx context.Context, limit int) (int, error) {
	return l.store.PurgeThrottle(ctx, l.now(), limit)
}
