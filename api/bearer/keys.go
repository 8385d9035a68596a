package bearer

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	keyRefresh   = 5 * time.Minute  // between two refreshes of the keys
	missInterval = 10 * time.Second // between two refreshes that unknown keys cause
)

var errUnknownKey = errors.New("the key is not published")

// keyCache keeps the published keys. Looking up a known key takes no lock that is held during I/O.
type keyCache struct {
	fetch func(ctx context.Context) (map[string]key, error)

	mu      sync.Mutex
	keys    map[string]key
	fetched time.Time     // of keys
	tried   time.Time     // the end of the last fetch
	err     error         // of the last fetch
	flight  chan struct{} // closed when the fetch in flight ends; nil: there is none
}

// find returns a key. An unknown one causes a refresh, unless there has just been one. Callers that
// wait for a refresh share it.
func (c *keyCache) find(ctx context.Context, kid string) (key, error) {
	k, ok, err := c.lookup(kid)
	if ok {
		return k, nil
	}
	flight := c.refreshAfterMiss() //nolint:contextcheck // the fetch outlives the request
	if flight == nil {
		return key{}, err
	}
	select {
	case <-flight:
	case <-ctx.Done():
		return key{}, errUnavailable(ctx.Err())
	}
	if k, ok, err = c.lookup(kid); ok {
		return k, nil
	}
	return key{}, err
}

// lookup returns a key that is not too old. The error is that of a token with an unknown key:
// unavailable if the set may not be the current one, so that a valid token is not called invalid.
func (c *keyCache) lookup(kid string) (k key, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	usable := c.keys != nil && time.Since(c.fetched) <= MaxKeyAge
	if k, ok = c.keys[kid]; ok && usable {
		return k, true, nil
	}
	switch {
	case c.err != nil:
		return key{}, false, errUnavailable(c.err)
	case !usable:
		return key{}, false, errUnavailable(errors.New("the keys have not been loaded yet"))
	default:
		return key{}, false, errUnknownKey
	}
}

// refreshAfterMiss returns the fetch in flight, or starts one. It returns nil if the last one is too
// recent: tokens with invented keys must not cause a flood of requests.
func (c *keyCache) refreshAfterMiss() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight == nil && time.Since(c.tried) < missInterval {
		return nil
	}
	return c.start()
}

// refresh fetches the keys if they are older than maxAge, or waits for the fetch in flight. When ctx ends
// first, it returns the error of the fetch before, if there was one.
func (c *keyCache) refresh(ctx context.Context, maxAge time.Duration) error {
	c.mu.Lock()
	if c.keys != nil && time.Since(c.fetched) < maxAge {
		c.mu.Unlock()
		return nil
	}
	flight := c.start() //nolint:contextcheck // the fetch outlives the request
	c.mu.Unlock()
	var interrupted error
	select {
	case <-flight:
	case <-ctx.Done():
		interrupted = ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	return interrupted
}

// start returns the fetch in flight, which it begins if there is none. It belongs to no single
// request, so none can cancel it.
func (c *keyCache) start() <-chan struct{} {
	if c.flight != nil {
		return c.flight
	}
	flight := make(chan struct{})
	c.flight = flight
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		keys, err := c.fetch(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.tried, c.err, c.flight = time.Now(), err, nil
		if err == nil {
			c.keys, c.fetched = keys, c.tried
		}
		close(flight)
	}()
	return flight
}
