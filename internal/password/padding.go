package password

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// padding makes failed verifications take the same time, whatever the algorithm of the stored hash. It
// knows the shortest time that a hash of each cost has taken in this process, which other load on the
// machine does not prolong, and how much longer the latest hashes took. A cost above that of new hashes
// shows itself the first time that it is met; from then on every failure takes as long.
type padding struct {
	own      string // the cost of new hashes
	mu       sync.Mutex
	shortest map[string]time.Duration // by cost
	latest   [latestHashes]float64    // multiples of the shortest time
	added    int                      // to latest
}

const (
	maxCosts     = 256  // that are remembered; a database can have any number
	latestHashes = 128  // from which the load of the machine is known
	tooSlow      = 6    // of the latest hashes may take longer than the floor
	minMultiple  = 1.25 // of the shortest time: most hashes take a little longer on any machine
	maxMultiple  = 5    // a failure never waits for more than that
)

func newPadding(own string) *padding {
	return &padding{own: own, shortest: map[string]time.Duration{}}
}

// add records how long a hash of a cost took.
func (p *padding) add(cost string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.shortest[cost]
	if !ok && len(p.shortest) < maxCosts || ok && took < known {
		p.shortest[cost], known = took, took
	}
	if known > 0 && known >= p.shortest[p.own] { // shorter ones show less of the load
		p.latest[p.added%latestHashes] = float64(took) / float64(known)
		p.added++
	}
}

// cheap reports whether a hash of a cost is quicker than a new one. It is while that is not known.
func (p *padding) cheap(cost string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	own, known := p.shortest[p.own]
	return cost != p.own && (!known || p.shortest[cost] < own)
}

// floor returns how long a failed verification takes at least.
func (p *padding) floor() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.shortest[p.own]
	longest := own
	for _, d := range p.shortest {
		if d < own {
			d += own // see fail
		}
		longest = max(longest, d)
	}
	return time.Duration(float64(longest) * p.multiple())
}

// multiple returns how many times its shortest duration a hash takes, for all but a few of the latest.
func (p *padding) multiple() float64 {
	latest := p.latest
	slices.Sort(latest[:])
	return min(max(minMultiple, latest[latestHashes-1-tooSlow]), maxMultiple)
}

// wait returns when a failure that began at start has taken as long as all others, or the caller has
// gone. No slot is held meanwhile.
func (p *padding) wait(ctx context.Context, start time.Time) {
	sleep(ctx, time.Until(start.Add(p.floor())))
}

// fail completes the work of a verification that began at start and has failed. After a hash that is
// cheaper than a new one it computes the decoy as well: a busy machine then slows down both alike, which
// waiting alone would not hide.
func (h *Hasher) fail(s readable, password string, start time.Time) error {
	h.padding.add(s.cost(), time.Since(start))
	if !h.padding.cheap(s.cost()) {
		return nil
	}
	start = time.Now()
	_, err := h.compute(job{Hash: h.decoy.text, Password: password})
	h.padding.add(h.decoy.cost(), time.Since(start))
	return err
}

// The cost of a stored hash, as text. Hashes of the same cost take the same time.
func (h argon2Hash) cost() string {
	return fmt.Sprint(h.variant, " ", h.params.Memory, " ", h.params.Time, " ", h.params.Threads)
}
func (h bcryptHash) cost() string { return "bcrypt " + string(h.text[4:6]) }
func (h scryptHash) cost() string { return fmt.Sprint("scrypt ", h.n, " ", h.r, " ", h.p) }
func (h pbkdf2Hash) cost() string {
	blocks := (len(h.tag) + h.digest.size - 1) / h.digest.size
	return fmt.Sprint("pbkdf2 ", h.digest.size, " ", h.iterations*blocks)
}
