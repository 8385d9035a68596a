package throttle

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// The lanes. A user has 10 tries at once and one more every 15 minutes, so at most 106 in a day
// from however many addresses; an address has 20 and 10 a minute more. Figures after
// NIST SP 800-63B §3.2.2, which allows 100 failures in a row.
var (
	loginUser    = Lane{Name: "login-user", Burst: 10, Every: 15 * time.Minute}
	loginAddress = Lane{Name: "login-address", Burst: 20, Every: 6 * time.Second}
	clientSecret = Lane{Name: "client-secret", Burst: 10, Every: 6 * time.Second}
	letterTo     = Lane{Name: "letter-to", Burst: 3, Every: 20 * time.Minute}
	letterFrom   = Lane{Name: "letter-from", Burst: 10, Every: time.Minute}
	signupTaken  = Lane{Name: "signup-taken", Burst: 5, Every: 12 * time.Minute}
)

// Limiter counts tries in the store.
type Limiter struct {
	store  Store
	key    []byte // of the MACs that name whose tries they are
	now    func() time.Time
	repeat repeats
}

// New makes a Limiter. key is secret and the same on all replicas.
func New(store Store, key []byte, now func() time.Time) *Limiter {
	memo := make([]byte, 32)
	_, _ = rand.Read(memo) // never fails: crypto/rand ends the program instead
	return &Limiter{store: store, key: key, now: now, repeat: repeats{key: memo, guesses: map[[32]byte]guessed{}}}
}

// BeginLogin counts a guess at a user's password, for the address and for the user. wait is 0 when
// it is allowed, else how long until the next one is.
func (l *Limiter) BeginLogin(ctx context.Context, address, user, guess string) (time.Duration, error) {
	tries := []try{{loginAddress, network(address)}}
	if !l.repeat.take(l.now(), user, guess) {
		tries = append(tries, try{loginUser, user})
	}
	return l.spend(ctx, tries...)
}

// FailLogin remembers a wrong guess for a moment: a client that probes how to authenticate itself
// sends it twice, and it counts once.
func (l *Limiter) FailLogin(user, guess string) { l.repeat.put(l.now(), user, guess) }

// PassLogin forgets the user's tries and gives the address its own back.
func (l *Limiter) PassLogin(ctx context.Context, address, user string) error {
	return l.store.Refund(ctx, l.now(), []Refund{
		{Key: l.mac(try{loginUser, user}), Amount: loginUser.Every * time.Duration(loginUser.Burst)},
		{Key: l.mac(try{loginAddress, network(address)}), Amount: loginAddress.Every},
	})
}

// UndoLogin gives back what BeginLogin counted, when no guess was made after all.
func (l *Limiter) UndoLogin(ctx context.Context, address, user string) error {
	return l.store.Refund(ctx, l.now(), []Refund{
		{Key: l.mac(try{loginUser, user}), Amount: loginUser.Every},
		{Key: l.mac(try{loginAddress, network(address)}), Amount: loginAddress.Every},
	})
}

// FailClient counts a wrong client secret, for the address and the client.
func (l *Limiter) FailClient(ctx context.Context, address, client string) (time.Duration, error) {
	return l.spend(ctx, try{clientSecret, client + "\x00" + network(address)})
}

// BeginSignup counts a sign-up of an address.
func (l *Limiter) BeginSignup(ctx context.Context, address string) (time.Duration, error) {
	return l.spend(ctx, try{signupTaken, network(address)})
}

// BeginLetter counts a letter that is asked for, for the address that asks and the one it goes to.
func (l *Limiter) BeginLetter(ctx context.Context, address, email string) (time.Duration, error) {
	return l.spend(ctx, try{letterFrom, network(address)}, try{letterTo, email})
}

// EndSignup gives back what BeginSignup counted.
func (l *Limiter) EndSignup(ctx context.Context, address string) error {
	key := l.mac(try{signupTaken, network(address)})
	return l.store.Refund(ctx, l.now(), []Refund{{Key: key, Amount: signupTaken.Every}})
}

const purgeBatch = 500 // rows at a time, so that nobody waits for long

// Purge forgets the keys whose time has passed, in small batches, and gives their number.
func (l *Limiter) Purge(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := l.store.PurgeThrottle(ctx, l.now(), purgeBatch)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}

// try is one thing to be counted in a lane.
type try struct {
	lane Lane
	id   string
}

// spend counts tries and gives the longest wait of those that were refused.
func (l *Limiter) spend(ctx context.Context, tries ...try) (time.Duration, error) {
	now := l.now()
	charges := make([]Charge, len(tries))
	for i, t := range tries {
		charges[i] = Charge{Key: l.mac(t), TAT: now.Add(t.lane.Every), Limit: t.lane.limit(now)}
	}
	refused, err := l.store.Spend(ctx, now, charges)
	if err != nil {
		return 0, err
	}
	var longest time.Duration
	for i, t := range tries {
		if state, ok := refused[string(charges[i].Key)]; ok {
			_, wait := t.lane.Spend(now, state)
			longest = max(longest, wait, time.Second)
		}
	}
	return longest, nil
}

// mac names whose tries they are, so that the table holds no names and no addresses.
func (l *Limiter) mac(t try) []byte {
	h := hmac.New(sha256.New, l.key)
	h.Write([]byte(t.lane.Name + "\x00" + t.id))
	return h.Sum(nil)
}

// network is what an address is counted as: itself, or its /64 in IPv6, which is what one host has.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		prefix, _ := ip.Prefix(64) // 64 is always valid for IPv6
		return prefix.String()
	}
	return ip.String()
}

// repeats remembers wrong guesses for a moment, in this process alone: never stored, and under a
// key that dies with it. Each may be repeated once.
type repeats struct {
	key     []byte
	mu      sync.Mutex
	guesses map[[32]byte]guessed
}

type guessed struct {
	until    time.Time
	repeated bool
}

const (
	repeatFor  = 10 * time.Second
	maxRepeats = 10_000
)

func (r *repeats) put(now time.Time, user, guess string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.guesses) >= maxRepeats {
		clear(r.guesses) // forgetting only costs somebody a try
	}
	id := r.mac(user, guess)
	if !now.Before(r.guesses[id].until) {
		r.guesses[id] = guessed{until: now.Add(repeatFor)}
	}
}

func (r *repeats) take(now time.Time, user, guess string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.mac(user, guess)
	g, ok := r.guesses[id]
	if !ok || g.repeated || !now.Before(g.until) {
		return false
	}
	r.guesses[id] = guessed{until: g.until, repeated: true}
	return true
}

func (r *repeats) mac(user, guess string) [32]byte {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(user + "\x00" + guess))
	return [32]byte(h.Sum(nil))
}
