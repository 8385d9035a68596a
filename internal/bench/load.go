//go:build unix

package main

import (
	"context"
	"sync"
	"time"
)

// outcome is how a request ended.
type outcome int

const (
	done     outcome = iota // as it should
	rejected                // a wrong password, after its check
	refused                 // 429 or 503: try again later
	failed                  // anything else
	outcomes
)

// maxFailures ends a connection's loop, so that a dead service is not hammered.
const maxFailures = 20

// operation sends one request on a connection.
type operation func(ctx context.Context, c *conn) (outcome, error)

// load is a number of connections that each send one request after the other.
type load struct {
	addresses []string // of the replicas, which the connections share equally
	conns     int
	// pace is how many requests per second all connections start together; 0: as many as they can. A
	// paced latency counts from when the request was due, so a stalled service does not hide its delay.
	pace float64
	next func(worker int) operation
}

// sample is what one load measured in a window.
type sample struct {
	elapsed time.Duration
	times   [outcomes][]time.Duration
	failure error // the first
	sent    int   // requests that ended as they should, also outside the window
}

func (s sample) count(o outcome) int { return len(s.times[o]) }

// rate returns how many requests per second ended in one of the outcomes.
func (s sample) rate(of ...outcome) float64 {
	n := 0
	for _, o := range of {
		n += s.count(o)
	}
	return float64(n) / s.elapsed.Seconds()
}

// window is the time in which requests count: those that end in it, whenever they began.
type window struct{ begin, end time.Time }

func newWindow(length time.Duration) window {
	begin := time.Now().Add(min(time.Second, length/4))
	return window{begin, begin.Add(length)}
}

// after returns the same window, later by d.
func (w window) after(d time.Duration) window { return window{w.begin.Add(d), w.end.Add(d)} }

// measure runs all loads at once until a window ends, and returns a sample of each.
func measure(ctx context.Context, w window, loads ...load) []sample {
	samples := make([]sample, len(loads))
	var group sync.WaitGroup
	for i, l := range loads {
		samples[i].elapsed = w.end.Sub(w.begin)
		var mu sync.Mutex
		for worker := range l.conns {
			group.Go(func() {
				got := l.work(ctx, w, worker)
				mu.Lock()
				defer mu.Unlock()
				samples[i].merge(got)
			})
		}
	}
	group.Wait()
	return samples
}

// add adds a sample of another time.
func (s *sample) add(other sample) {
	s.elapsed += other.elapsed
	s.merge(other)
}

// merge adds what another connection measured at the same time.
func (s *sample) merge(other sample) {
	for o := range s.times {
		s.times[o] = append(s.times[o], other.times[o]...)
	}
	s.sent += other.sent
	if s.failure == nil {
		s.failure = other.failure
	}
}

// work sends the requests of one connection.
func (l load) work(ctx context.Context, w window, worker int) (got sample) {
	c := &conn{address: l.addresses[worker%len(l.addresses)]}
	defer c.close()
	send, failures := l.next(worker), 0
	due := l.schedule(worker)
	for failures < maxFailures {
		start := time.Now()
		if l.pace > 0 {
			start = due()
			sleep(ctx, time.Until(start))
		}
		if start.After(w.end) || ctx.Err() != nil {
			break
		}
		o, err := send(ctx, c)
		if o == failed {
			failures++
			if got.failure == nil {
				got.failure = err
			}
		}
		if o == done {
			got.sent++
		}
		end := time.Now()
		if o == failed || end.After(w.begin) && end.Before(w.end) {
			got.times[o] = append(got.times[o], end.Sub(start))
		}
	}
	return got
}

// schedule returns a function that returns when the connection's next request is due. The connections
// take turns.
func (l load) schedule(worker int) func() time.Time {
	if l.pace <= 0 {
		return nil
	}
	each := time.Duration(float64(l.conns) / l.pace * float64(time.Second))
	next := time.Now().Add(each * time.Duration(worker) / time.Duration(l.conns))
	return func() time.Time {
		due := next
		next = next.Add(each)
		return due
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
