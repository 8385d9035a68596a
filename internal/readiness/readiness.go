package readiness

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Check is one thing that this replica must be able to do.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}

const (
	limit = 900 * time.Millisecond // for all checks together
	reuse = time.Second            // how long a result is used
)

// Checks runs checks. Its methods may be called by any number of goroutines.
type Checks struct {
	checks []Check
	report func(name string, err error)
	now    func() time.Time
	limit  time.Duration

	mu      sync.Mutex
	failing []string
	at      time.Time
	running map[string]bool // checks that did not end in time and have not ended yet
}

// New returns the given checks. Report is called with the error of each check that fails.
func New(now func() time.Time, report func(name string, err error), checks ...Check) *Checks {
	return &Checks{checks: checks, report: report, now: now, limit: limit, running: map[string]bool{}}
}

// Failing returns the names of the checks that fail or do not end within about a second, in their
// order. Callers within one second get the same result, so that asking often costs nothing.
func (c *Checks) Failing() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); c.at.IsZero() || now.Sub(c.at) >= reuse || now.Before(c.at) {
		c.failing = c.run()
		c.at = c.now()
	}
	return slices.Clone(c.failing)
}

// result is the outcome of one check.
type result struct {
	name string
	err  error
}

// run runs all checks at once. A check that is still running from the last time fails: starting it
// again would only add to what hangs.
func (c *Checks) run() (failing []string) {
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	results := make(chan result, len(c.checks))
	waiting := map[string]bool{}
	for _, check := range c.checks {
		if !c.running[check.Name] {
			waiting[check.Name] = true
			go func() { results <- result{check.Name, once(ctx, check)} }()
		}
	}
	failed := map[string]error{}
	for len(waiting) > 0 {
		select {
		case r := <-results:
			delete(waiting, r.name)
			if r.err != nil {
				failed[r.name] = r.err
			}
		case <-ctx.Done():
			c.leave(waiting, results, failed)
			waiting = nil
		}
	}
	for _, check := range c.checks {
		err, ok := failed[check.Name]
		if c.running[check.Name] && !ok {
			err, ok = fmt.Errorf("the check has not ended: %w", context.DeadlineExceeded), true
		}
		if ok {
			failing = append(failing, check.Name)
			c.report(check.Name, err)
		}
	}
	return failing
}

// leave remembers the checks that have not ended, until they have.
func (c *Checks) leave(waiting map[string]bool, results <-chan result, failed map[string]error) {
	n := len(waiting)
	for name := range waiting {
		c.running[name] = true
		failed[name] = context.DeadlineExceeded
	}
	go func() {
		for range n {
			r := <-results
			c.mu.Lock()
			delete(c.running, r.name)
			c.mu.Unlock()
		}
	}()
}

// once runs a check. It returns a panic as an error.
func once(ctx context.Context, check Check) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return check.Run(ctx)
}
