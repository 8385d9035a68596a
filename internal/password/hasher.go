package password

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"runtime"
	"sync/atomic"
	"time"
)

// Options configure a Hasher. Every zero value has a default.
type Options struct {
	Params Params        // costs of new hashes; default: DefaultParams
	Slots  int           // hashes that run at once; default: GOMAXPROCS
	Queue  int           // hashes that may wait; default: as many as the slots complete in two seconds
	Wait   time.Duration // how long a hash may wait; default: 3 seconds
	Weak   bool          // allows parameters below the OWASP minimum, for tests
	Log    *slog.Logger  // for stored hashes that cannot be read; default: slog.Default

	// Process returns the command of a process that calls Work. The hashes are then computed in such
	// processes, else in this one.
	Process func() *exec.Cmd
}

// Hasher computes and verifies password hashes. It is safe for concurrent use.
type Hasher struct {
	params  Params
	decoy   readable
	compute func(job) (result, error)
	close   func()
	slots   *slots
	padding *padding
	log     *slog.Logger
	started atomic.Int64
}

// New returns a Hasher. It returns an error for weak parameters, and for those above the limits for
// stored hashes, which it could not verify itself. It computes no hash.
func New(o Options) (*Hasher, error) {
	o = withDefaults(o)
	if err := o.Params.bounded(); err != nil {
		return nil, err
	}
	if !o.Weak && !o.Params.strong() {
		return nil, errors.New("argon2id: the parameters are weaker than the OWASP minimum (m=19456, t=2, p=1 or equivalent)")
	}
	// No password is known for a random tag, so the decoy can be made without hashing one.
	decoy := argon2Hash{variant: argon2id, params: o.Params, salt: random(saltSize), tag: random(tagSize)}
	h := &Hasher{
		params: o.Params, decoy: readable{decoy, decoy.String()}, padding: newPadding(decoy.cost()),
		slots: newSlots(o.Slots, o.Queue, o.Wait), log: o.Log,
		compute: func(j job) (result, error) { return j.do(), nil }, close: func() {},
	}
	if o.Process != nil {
		others := &processes{command: o.Process, log: o.Log, idle: idleTime}
		h.compute, h.close = others.do, others.close
	}
	return h, nil
}

// Close ends the processes that compute hashes, if there are any.
func (h *Hasher) Close() { h.close() }

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

// Hash returns the argon2id hash of a password as a PHC string, with the current parameters. The only errors
// are those of the queue, of the context, and fault.ErrUnavailable when the processes for hashes fail.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var r result
	err := h.inSlot(ctx, func() (err error) {
		r, err = h.compute(job{Params: h.params, Password: password})
		return err
	})
	return r.Hash, err
}

// Verify reports whether the password matches a stored hash, and whether that hash is outdated and is to
// be replaced. An empty hash and one that cannot be read never match, but cost as much as a new hash, and
// a failure takes the same time for hashes of every algorithm, so that neither the result nor the time
// reveals which users exist. The only errors are those of Hash.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, outdated bool, err error) {
	s, decoy := h.read(ctx, hash)
	var start time.Time
	err = h.inSlot(ctx, func() (err error) {
		start = time.Now()
		ok, err = h.matches(s, password, start)
		return err
	})
	if err != nil {
		return false, false, err
	}
	if ok = ok && !decoy; !ok {
		h.padding.wait(ctx, start)
	}
	return ok, ok && !s.current(h.params), nil
}

// matches verifies a password. Its caller has a slot.
func (h *Hasher) matches(s readable, password string, start time.Time) (bool, error) {
	r, err := h.compute(job{Hash: s.text, Password: password})
	if err == nil && !r.Matches {
		err = h.fail(s, password, start)
	}
	return r.Matches, err
}

// readable is a stored hash that could be read, with its text.
type readable struct {
	stored
	text string
}

// read parses a stored hash. It returns the decoy if there is none or it cannot be read.
func (h *Hasher) read(ctx context.Context, hash string) (s readable, decoy bool) {
	if hash == "" {
		return h.decoy, true
	}
	parsed, err := parse(hash)
	if err != nil {
		h.log.WarnContext(ctx, "stored password hash cannot be read, the user cannot sign in with a password", "error", err)
		return h.decoy, true
	}
	return readable{parsed, hash}, false
}

// inSlot computes a hash in a slot, and returns when its result may leave.
func (h *Hasher) inSlot(ctx context.Context, compute func() error) error {
	ctx, leave, err := h.Reserve(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := h.slots.acquire(ctx); err != nil {
		return err
	}
	h.started.Add(1)
	if err := h.slots.use(compute); err != nil {
		return err
	}
	h.slots.depart(ctx)
	return nil
}

// placeIn is the key of a context that has a place in the queue of a Hasher.
type placeIn struct{ hasher *Hasher }

// Reserve takes a place in the queue for the hashes that are computed one after the other with the context that
// it returns, or returns fault.ErrUnavailable if the queue is full. If ctx has a place, it is that one. After a nil
// error the caller must call leave when the last hash is done.
func (h *Hasher) Reserve(ctx context.Context) (reserved context.Context, leave func(), err error) {
	if ctx.Value(placeIn{h}) != nil {
		return ctx, func() {}, nil
	}
	if err := h.slots.admit(); err != nil {
		return ctx, nil, err
	}
	return context.WithValue(ctx, placeIn{h}, true), h.slots.leave, nil
}

// Hashes returns how many hashes have been started, including decoys.
func (h *Hasher) Hashes() int64 { return h.started.Load() }
