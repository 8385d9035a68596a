package bearer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Verifier checks access tokens. It is safe for concurrent use. Close it when it is no longer needed.
type Verifier struct {
	config       Config
	keys         *keyCache
	revocations  *revocations  // nil: not followed
	introspector *introspector // nil: not asked

	cancel  context.CancelFunc
	running sync.WaitGroup
}

// New returns a Verifier and begins to load the keys in the background. It does not wait for them, so
// that your API starts while the service is away: until they are loaded, tokens get 503. Call
// [Verifier.Ready] to wait.
func New(c Config) (*Verifier, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	v := &Verifier{config: c, cancel: cancel}
	v.keys = &keyCache{fetch: v.fetchKeys}
	if c.Introspection != nil {
		v.introspector = newIntrospector(v, *c.Introspection)
	}
	v.running.Go(func() { v.repeat(ctx, "keys", v.refreshKeys) })
	if c.Revocations {
		v.revocations = newRevocations(c.MaxRevocationsAge)
		v.running.Go(func() { v.repeat(ctx, "ended sessions", v.followRevocations) })
	}
	return v, nil
}

// Close stops the background work and waits for its end. Tokens are still checked afterwards, with the
// keys that were loaded last.
func (v *Verifier) Close() error {
	v.cancel()
	v.running.Wait()
	return nil
}

// Ready waits until the keys are loaded, and the list of ended sessions if Config.Revocations is set.
// When ctx ends, it returns the error of the last attempt.
func (v *Verifier) Ready(ctx context.Context) error {
	for {
		err := v.keys.refresh(ctx, MaxKeyAge)
		if err == nil {
			return v.revocations.loaded(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("bearer: not ready: %w", err)
		case <-time.After(retryFirst):
		}
	}
}

const (
	retryFirst = time.Second
	retryLast  = time.Minute
)

// repeat repeats work until ctx ends. work returns how long to wait. After an error, the waits grow from
// a second to a minute. The first error of a series and its end are logged.
func (v *Verifier) repeat(ctx context.Context, name string, work func(context.Context) (time.Duration, error)) {
	failures := 0
	for {
		wait, err := work(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if failures == 0 {
				v.config.Log.WarnContext(ctx, "bearer: cannot load "+name+", retrying", "error", err)
			}
			wait = min(retryFirst<<min(failures, 10), retryLast)
			failures++
		case failures > 0:
			v.config.Log.InfoContext(ctx, "bearer: loaded "+name+" again")
			failures = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (v *Verifier) refreshKeys(ctx context.Context) (time.Duration, error) {
	return keyRefresh, v.keys.refresh(ctx, keyRefresh/2)
}

const maxKeys = 1 << 20 // bytes of a JWK set

func (v *Verifier) fetchKeys(ctx context.Context) (map[string]key, error) {
	raw, err := v.get(ctx, "/.well-known/jwks.json", maxKeys)
	if err != nil {
		return nil, err
	}
	return parseKeys(raw)
}

// get requests a path of the service. More than limit bytes are an error.
func (v *Verifier) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.config.URL+path, nil)
	if err != nil {
		return nil, err
	}
	return v.send(r, limit)
}

func (v *Verifier) send(r *http.Request, limit int64) ([]byte, error) {
	response, err := v.config.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s %s: %s", r.Method, r.URL.Path, response.Status)
	case int64(len(body)) > limit:
		return nil, errors.New(r.URL.Path + ": the response is too long")
	}
	return body, nil
}
