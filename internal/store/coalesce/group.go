package coalesce

import (
	"context"
	"sync"
	"time"
)

// Options configure a Group.
type Options[In any] struct {
	Flights  int           // batches and lone calls that run at once, without those made again
	Patience time.Duration // how long a flight is alone in the air before calls take another one; 0: not at all
	Batch    int           // the largest number of calls in a batch
	Settle   bool          // a call in a running batch waits for its result even if its context ends
	Urgent   func(In) bool // calls that go before the others, which still get a quarter of a batch; nil: none
}

// Group makes calls in batches. It is safe for concurrent use.
type Group[In, Out any] struct {
	o      Options[In]
	batch  func([]*Call[In, Out])
	single func(context.Context, In) (Out, error)

	mu         sync.Mutex
	flying     int
	departures int  // flights that have begun
	watched    bool // by watch
	urgent     []*Call[In, Out]
	others     []*Call[In, Out]
}

// Call is one call in a batch.
type Call[In, Out any] struct {
	In In

	out      Out
	err      error
	answered bool
	taken    bool // by a batch; guarded by the mutex of the group
	left     bool // by its caller; guarded likewise
	done     chan struct{}
}

// Answer sets the result of a call.
func (c *Call[In, Out]) Answer(out Out, err error) { c.out, c.err, c.answered = out, err, true }

// New returns a Group. batch makes several calls and answers some or all of them. It must return in bounded time,
// since it has no context. single makes one call alone: where a flight is free, and again where batch did not answer.
func New[In, Out any](o Options[In], batch func([]*Call[In, Out]), single func(context.Context, In) (Out, error)) *Group[In, Out] {
	return &Group[In, Out]{o: o, batch: batch, single: single}
}

// Do makes a call, alone or in a batch.
func (g *Group[In, Out]) Do(ctx context.Context, in In) (Out, error) {
	var none Out
	if err := ctx.Err(); err != nil {
		return none, err
	}
	c := g.enqueue(in)
	if c == nil {
		defer g.fly()
		return g.single(ctx, in)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if g.leave(c) || !g.o.Settle {
			return none, ctx.Err()
		}
		<-c.done
	}
	if !c.answered { // all such calls of a batch are made at the same time, and take no flight
		return g.single(ctx, in)
	}
	return c.out, c.err
}

// enqueue adds a call to the queue. If a flight is free, it returns nil instead, and the caller has that
// flight.
func (g *Group[In, Out]) enqueue(in In) *Call[In, Out] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.flying == 0 || g.o.Patience == 0 && g.flying < g.o.Flights {
		g.flying++
		g.departures++
		return nil
	}
	g.watch()
	c := &Call[In, Out]{In: in, done: make(chan struct{})}
	if g.o.Urgent != nil && g.o.Urgent(in) {
		g.urgent = append(g.urgent, c)
	} else {
		g.others = append(g.others, c)
	}
	return c
}

// watch sees to it that the calls in the queue take another flight if the one in the air takes too long. Its
// caller holds the mutex.
func (g *Group[In, Out]) watch() {
	if !g.watched && g.flying < g.o.Flights {
		g.watched = true
		departures := g.departures
		time.AfterFunc(g.o.Patience, func() { g.overtake(departures) })
	}
}

// overtake begins another flight for the calls in the queue, unless one has departed since watch counted the
// departures.
func (g *Group[In, Out]) overtake(departures int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watched = false
	switch {
	case len(g.urgent)+len(g.others) == 0 || g.flying == g.o.Flights:
	case g.departures > departures:
		g.watch()
	default:
		g.flying++
		go g.fly()
	}
}

// leave reports whether the call was still in the queue, which it leaves.
func (g *Group[In, Out]) leave(c *Call[In, Out]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.left = true
	return !c.taken
}

// fly passes the caller's flight on to the calls in the queue, or ends it if there are none.
func (g *Group[In, Out]) fly() {
	if calls := g.take(); calls != nil {
		go func() {
			for ; calls != nil; calls = g.take() {
				g.answer(calls)
			}
		}()
	}
}

// take returns the calls of the next batch. If there are none, it ends the flight and returns nil.
func (g *Group[In, Out]) take() []*Call[In, Out] {
	g.mu.Lock()
	defer g.mu.Unlock()
	reserved := min(len(g.others), (g.o.Batch+3)/4)
	var calls []*Call[In, Out]
	calls = takeFrom(&g.urgent, calls, g.o.Batch-reserved)
	calls = takeFrom(&g.others, calls, g.o.Batch)
	calls = takeFrom(&g.urgent, calls, g.o.Batch)
	if len(calls) == 0 {
		g.flying--
		return nil
	}
	g.departures++
	return calls
}

// takeFrom moves calls from the front of a queue to a batch of at most size calls. It drops those whose
// callers have left.
func takeFrom[In, Out any](queue *[]*Call[In, Out], calls []*Call[In, Out], size int) []*Call[In, Out] {
	n := 0
	for ; n < len(*queue) && len(calls) < size; n++ {
		if c := (*queue)[n]; !c.left {
			c.taken = true
			calls = append(calls, c)
		}
	}
	*queue = (*queue)[n:]
	if len(*queue) == 0 {
		*queue = nil
	}
	return calls
}

// answer makes the calls of a batch. After a panic none of them counts as answered. The call that caused it panics
// again when its caller makes it alone, and the others do not.
func (g *Group[In, Out]) answer(calls []*Call[In, Out]) {
	defer func() {
		failed := recover() != nil
		for _, c := range calls {
			c.answered = c.answered && !failed
			close(c.done)
		}
	}()
	g.batch(calls)
}
