package throttle

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"time"
)

// Limiter counts attempts in the store.
type Limiter struct {
	store    Store
	key      []byte // of the MACs under which attempts are counted
	now      func() time.Time
	failures *recentFailures
	observe  func(policy string)
}

// New returns a Limiter. The key is secret and the same on all replicas.
func New(store Store, key []byte, now func() time.Time) *Limiter {
	return &Limiter{store: store, key: key, now: now, failures: newRecentFailures(), observe: func(string) {}}
}

// Observe makes the limiter call f with the name of the policy for each attempt that it refuses. Call it
// before the first attempt.
func (l *Limiter) Observe(f func(policy string)) { l.observe = f }

// CountLogin counts an attempt to log in, for the address and for the user. It returns 0 if the attempt
// is allowed, else the time until one is.
func (l *Limiter) CountLogin(ctx context.Context, address, user, password string) (time.Duration, error) {
	attempts := []attempt{{loginAddress, network(address)}}
	if !l.failures.useRepeat(l.now(), user, password) {
		attempts = append(attempts, attempt{loginUser, user})
	}
	return l.spend(ctx, attempts...)
}

// LoginFailed remembers a wrong password for a moment. A client that probes how to authenticate itself
// sends the same password twice; that counts once for the user.
func (l *Limiter) LoginFailed(user, password string) { l.failures.add(l.now(), user, password) }

// LoginSucceeded refunds all attempts of the user, and this attempt of the address.
func (l *Limiter) LoginSucceeded(ctx context.Context, address, user string) error {
	return l.store.Refund(ctx, l.now(), []Refund{
		{Key: l.mac(attempt{loginUser, user}), Amount: loginUser.Every * time.Duration(loginUser.Burst)},
		{Key: l.mac(attempt{loginAddress, network(address)}), Amount: loginAddress.Every},
	})
}

// RefundLogin refunds what CountLogin counted, when the password was not checked after all.
func (l *Limiter) RefundLogin(ctx context.Context, address, user string) error {
	return l.store.Refund(ctx, l.now(), []Refund{
		{Key: l.mac(attempt{loginUser, user}), Amount: loginUser.Every},
		{Key: l.mac(attempt{loginAddress, network(address)}), Amount: loginAddress.Every},
	})
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

// spend counts attempts. It returns 0 if all are allowed, else the longest wait of the refused ones, at
// least a second.
func (l *Limiter) spend(ctx context.Context, attempts ...attempt) (time.Duration, error) {
	now := l.now()
	charges := make([]Charge, len(attempts))
	for i, a := range attempts {
		charges[i] = Charge{Key: l.mac(a), TAT: now.Add(a.policy.Every), Limit: a.policy.limit(now)}
	}
	refused, err := l.store.Spend(ctx, now, charges)
	if err != nil {
		return 0, err
	}
	var longest time.Duration
	for i, a := range attempts {
		if state, ok := refused[string(charges[i].Key)]; ok {
			_, wait := a.policy.Spend(now, state)
			longest = max(longest, wait, time.Second)
			l.observe(a.policy.Name)
		}
	}
	return longest, nil
}

// mac returns the key under which an attempt is counted. It is a MAC, so that the table contains no
// names and no addresses.
func (l *Limiter) mac(a attempt) []byte {
	h := hmac.New(sha256.New, l.key)
	h.Write([]byte(a.policy.Name + "\x00" + a.id))
	return h.Sum(nil)
}
