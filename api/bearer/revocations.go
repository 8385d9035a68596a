package bearer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	revocationsType = "revocations+jwt"
	maxRevocations  = 1 << 20          // bytes of a page
	maxWait         = 10 * time.Second // that the service may hold a request
	pollInterval    = time.Second      // between two requests, at least
)

// revocationPage is a signed page of the list of ended sessions.
type revocationPage struct {
	registered
	AsOf   int64            `json:"as_of"` // the list is complete until then, in Unix seconds
	After  string           `json:"after"`
	Cursor string           `json:"cursor"`
	More   bool             `json:"more"`
	Ended  map[string]int64 `json:"ended"` // session id to when its last access token has expired
}

// revocations are the ended sessions that may have valid access tokens.
type revocations struct {
	maxAge time.Duration // 0: any
	first  chan struct{} // closed when the list is complete for the first time

	mu      sync.RWMutex
	ended   map[string]int64 // session id to exp, in Unix seconds
	cursor  string
	updated time.Time // the list is complete until then
}

func newRevocations(maxAge time.Duration) *revocations {
	return &revocations{maxAge: maxAge, first: make(chan struct{}), ended: map[string]int64{}}
}

// check returns nil if a session has not ended. A nil receiver knows of no sessions.
func (r *revocations) check(ctx context.Context, sid string) error {
	if r == nil {
		return nil
	}
	if err := r.loaded(ctx); err != nil {
		return errUnavailable(err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, ended := r.ended[sid]
	switch {
	case sid == "":
		return errInvalid(errors.New("the claim sid is missing"))
	case ended:
		return errInvalid(errors.New("the session has ended"))
	case r.maxAge > 0 && time.Since(r.updated) > r.maxAge:
		return errUnavailable(errors.New("the list of ended sessions is too old"))
	}
	return nil
}

// loaded waits until there is a list, for at most fetchTimeout.
func (r *revocations) loaded(ctx context.Context) error {
	if r == nil {
		return nil
	}
	select {
	case <-r.first:
		return nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	select {
	case <-r.first:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the list of ended sessions has not been loaded yet: %w", ctx.Err())
	}
}

// followRevocations requests one page. The service responds when there is something new, or after
// maxWait.
func (v *Verifier) followRevocations(ctx context.Context) (time.Duration, error) {
	r := v.revocations
	query := url.Values{}
	if r.cursor != "" {
		query.Set("after", r.cursor)
	}
	select {
	case <-r.first: // from now on, new entries are waited for
		query.Set("wait", strconv.Itoa(int(maxWait/time.Second)))
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait+fetchTimeout)
	defer cancel()
	raw, err := v.get(ctx, "/revocations?"+query.Encode(), maxRevocations)
	if err != nil {
		return 0, err
	}
	var page revocationPage
	if err := v.parse(ctx, string(raw), revocationsType, &page); err != nil {
		return 0, err
	}
	if page.After != query.Get("after") {
		return 0, errors.New("/revocations: the response belongs to another request")
	}
	r.add(page)
	if page.More {
		return 0, nil
	}
	return pollInterval, nil
}

// add adds a page, and forgets sessions whose tokens have all expired. The list is as old as the service
// says, which may itself not have reached its database.
func (r *revocations) add(page revocationPage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(r.ended, page.Ended)
	r.cursor = page.Cursor
	for sid, exp := range r.ended {
		if exp+int64(maxLeeway/time.Second) < time.Now().Unix() {
			delete(r.ended, sid)
		}
	}
	if page.More {
		return
	}
	r.updated = time.Unix(page.AsOf, 0)
	select {
	case <-r.first:
	default:
		close(r.first)
	}
}
