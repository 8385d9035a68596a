package password

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

var _ account.Passwords = (*Hasher)(nil)

// The limits of the queue: what is in it shall be served within queueTime, and nobody stays in it
// longer than maxWait.
const (
	queueTime = time.Second
	maxWait   = 1500 * time.Millisecond
)

// Options of a Hasher; every zero value has a default.
type Options struct {
	Params Params        // DefaultParams
	Slots  int           // hashes at once: GOMAXPROCS
	Queue  int           // hashes that may wait: what the slots do in a second, measured at start
	Wait   time.Duration // how long one may wait: 1.5 s
	Weak   bool          // allows parameters below the OWASP floor, for tests
	Log    *slog.Logger  // told of stored hashes that cannot be read: slog.Default
}

// Hasher makes and verifies password hashes. It is safe for concurrent use.
type Hasher struct {
	params Params
	decoy  stored
	slots  *slots
	log    *slog.Logger
	begun  atomic.Int64
}

// New makes a Hasher. It refuses parameters that it could not verify itself, and weak ones.
func New(o Options) (*Hasher, error) {
	o = withDefaults(o)
	if err := o.Params.bounded(); err != nil {
		return nil, err
	}
	if !o.Weak && !o.Params.strong() {
		return nil, errors.New("argon2id: the parameters are weaker than OWASP asks for (m=19456, t=2, p=1 or their equal)")
	}
	if o.Queue <= 0 {
		o.Queue = queueFor(o.Slots, hashTime(o.Params))
	}
	return &Hasher{
		params: o.Params,
		// No password is known to give a random tag, so the decoy needs no hash of its own.
		decoy: argon2Hash{variant: argon2id, params: o.Params, salt: random(saltSize), tag: random(tagSize)},
		slots: newSlots(o.Slots, o.Queue, o.Wait),
		log:   o.Log,
	}, nil
}

func withDefaults(o Options) Options {
	if o.Params == (Params{}) {
		o.Params = DefaultParams
	}
	if o.Slots <= 0 {
		o.Slots = runtime.GOMAXPROCS(0)
	}
	if o.Wait <= 0 {
		o.Wait = maxWait
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// hashTime is the median time of five hashes.
func hashTime(p Params) time.Duration {
	times := make([]time.Duration, 5)
	for i := range times {
		start := time.Now()
		newArgon2id(p, "calibration")
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// queueFor is how many hashes of duration each may wait so that all are done within queueTime.
func queueFor(slots int, each time.Duration) int {
	return int(math.Ceil(float64(slots) * float64(queueTime) / float64(max(each, time.Millisecond))))
}

// Hash makes a PHC string with the current parameters.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.begin(ctx); err != nil {
		return "", err
	}
	defer h.slots.give()
	return newArgon2id(h.params, password).String(), nil
}

// Verify compares a password with a stored hash. An empty hash and one that cannot be read never
// match and cost what a new hash costs, so that neither answer nor time says which users exist.
// Its only errors are those of the queue and of the context.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, outdated bool, err error) {
	s, decoy := h.read(ctx, hash)
	if err := h.begin(ctx); err != nil {
		return false, false, err
	}
	defer h.slots.give()
	ok = s.matches(password) && !decoy
	return ok, ok && !s.current(h.params), nil
}

// read gives the stored hash, or the decoy in its place.
func (h *Hasher) read(ctx context.Context, hash string) (s stored, decoy bool) {
	if hash == "" {
		return h.decoy, true
	}
	s, err := parse(hash)
	if err != nil {
		h.log.WarnContext(ctx, "a stored password hash cannot be read and never matches", "error", err)
		return h.decoy, true
	}
	return s, false
}

// begin takes a slot and counts the hash that will be done in it.
func (h *Hasher) begin(ctx context.Context) error {
	if err := h.slots.take(ctx); err != nil {
		return err
	}
	h.begun.Add(1)
	return nil
}

// Hashes is how many hashes have been begun, decoys included.
func (h *Hasher) Hashes() int64 { return h.begun.Load() }
