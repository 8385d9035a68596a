package oauth

import (
	"context"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Revocations is a page of the list of ended sessions, for APIs that check access tokens by themselves.
// Times are UTC in whole seconds.
type Revocations struct {
	Issuer    string
	IssuedAt  time.Time
	ExpiresAt time.Time            // after which the page says nothing
	AsOf      time.Time            // the sessions that ended until then are on the list, up to a few seconds
	After     string               // the cursor that was asked with
	Cursor    string               // to ask for what comes next
	More      bool                 // whether there is more now
	Ended     map[string]time.Time // session id to when the last access token of the session has expired
}

const (
	// revocationsLife bounds how long a page that someone has recorded can be sent instead of a newer one.
	revocationsLife = 2 * time.Minute
	// MaxRevocationsWait is how long a caller may wait for an ended session.
	MaxRevocationsWait = 10 * time.Second
)

var (
	errCursor = fault.Errorf(fault.InvalidRequest, "after is not the cursor of an earlier page")
	errWait   = fault.Errorf(fault.InvalidRequest, "wait is a number of seconds between 0 and 10")
)

// Revocations returns the part of the list of ended sessions after a cursor, which is empty at the start,
// as a signed JWT. If there is nothing after it, Revocations waits at most wait. When ctx ends, it returns
// what there is.
func (s *Service) Revocations(ctx context.Context, after string, wait time.Duration) (string, error) {
	position, err := parseCursor(after)
	if err != nil {
		return "", err
	}
	if wait < 0 || wait > MaxRevocationsWait {
		return "", errWait
	}
	page := s.ended.page(ctx, position, wait)
	if page.asOf.IsZero() {
		return "", fault.ErrUnavailable.After(time.Second)
	}
	now := s.now()
	list := Revocations{
		Issuer: s.settings.Issuer, IssuedAt: now, ExpiresAt: now.Add(revocationsLife), AsOf: wholeSecond(page.asOf),
		After: after, Cursor: strconv.FormatInt(page.cursor, 10), More: page.more, Ended: make(map[string]time.Time, len(page.ended)),
	}
	for _, e := range page.ended {
		list.Ended[e.ID] = e.expires()
	}
	return s.keys.SignRevocations(list)
}

// parseCursor reads a cursor in the only form in which it is written.
func parseCursor(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	position, err := strconv.ParseInt(text, 10, 64)
	if err != nil || position < 0 || strconv.FormatInt(position, 10) != text {
		return 0, errCursor
	}
	return position, nil
}

// RefreshRevocations brings the list up to date. Call it about every second, on every replica.
func (s *Service) RefreshRevocations(ctx context.Context) error { return s.ended.Refresh(ctx) }

// PurgeRevocations deletes at most limit entries of the list that are no longer needed and returns their
// number.
func (s *Service) PurgeRevocations(ctx context.Context, limit int) (int, error) {
	return s.ended.Purge(ctx, limit)
}
