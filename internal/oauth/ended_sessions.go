package oauth

import (
	"context"
	"errors"
	"slices"
	"sort"
	"sync"
	"time"
)

// EndedSession is a session that has ended. Its last access token was issued at RotatedAt, or within the
// grace period after it.
type EndedSession struct {
	ID        string
	RotatedAt time.Time // UTC, in whole seconds
	Position  int64     // in the order of publication; 0: not published
}

// EndedSessionStore stores the sessions that have ended. A store MUST record each session that a change
// revokes or deletes, in the act of that change; deleting sessions that had ended before records nothing.
type EndedSessionStore interface {
	// PublishEndedSessions gives at most limit recorded sessions their positions, and returns their number.
	// All positions are greater than after. When a position is visible to EndedSessions, all lower ones MUST
	// have been visible before, on every replica: a reader that asks for what comes after the highest
	// position it has seen misses none.
	PublishEndedSessions(ctx context.Context, after int64, limit int) (int, error)
	// EndedSessions returns at most limit sessions with a position greater than after, lowest first.
	EndedSessions(ctx context.Context, after int64, limit int) ([]EndedSession, error)
	// PurgeEndedSessions deletes at most limit sessions that were rotated before a time and returns their
	// number.
	PurgeEndedSessions(ctx context.Context, before time.Time, limit int) (int, error)
}

const (
	// maxAccessTTL is the longest lifetime of an access token, whatever the settings of its client were.
	maxAccessTTL = time.Hour
	// maxGrace is the longest grace period. Within it, another access token is issued without a rotation.
	maxGrace = 2 * time.Minute
	// publication is how many ended sessions are published or read at once, and the size of a page.
	publication = 1000
	// maxWaiting is how many callers may wait for an ended session. More get what there is.
	maxWaiting = 2000
)

// EndedSessions is the list of the ended sessions that may have valid access tokens, in memory. Any number
// of callers can read it and wait for more without using the database.
type EndedSessions struct {
	store EndedSessionStore
	clock func() time.Time

	mu      sync.Mutex
	list    []EndedSession // by position
	head    int64          // the highest position that was read
	asOf    time.Time      // of the last Refresh that succeeded
	changed chan struct{}  // closed when the list grows
	waiting int
}

// NewEndedSessions returns the list of the sessions in a store. It is empty until Refresh succeeds.
func NewEndedSessions(store EndedSessionStore, now func() time.Time) (*EndedSessions, error) {
	if store == nil || now == nil {
		return nil, errors.New("oauth: the list of ended sessions needs a store and a clock")
	}
	return &EndedSessions{store: store, clock: now, changed: make(chan struct{})}, nil
}

// expires returns when the last access token of an ended session has expired.
func (e EndedSession) expires() time.Time { return e.RotatedAt.Add(maxGrace + maxAccessTTL) }

// Refresh publishes the sessions that have ended since the last call of any replica, and reads what all
// replicas have published. Positions begin at the time, so that they increase even when the database has
// been restored from a backup. Calls must not overlap.
func (l *EndedSessions) Refresh(ctx context.Context) error {
	now := l.clock()
	for {
		n, err := l.store.PublishEndedSessions(ctx, now.UnixMicro(), publication)
		if err != nil {
			return err
		}
		if n < publication {
			break
		}
	}
	l.mu.Lock()
	head := l.head
	l.mu.Unlock()
	var fresh []EndedSession
	for {
		page, err := l.store.EndedSessions(ctx, head, publication)
		if err != nil {
			return err
		}
		fresh = append(fresh, page...)
		if len(page) < publication {
			break
		}
		head = page[len(page)-1].Position
	}
	l.add(fresh, now)
	return nil
}

// add adds published sessions, and forgets those without a valid access token.
func (l *EndedSessions) add(fresh []EndedSession, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	expired := func(e EndedSession) bool { return !e.expires().After(now) }
	if len(fresh) > 0 {
		l.head = fresh[len(fresh)-1].Position
	}
	fresh = slices.DeleteFunc(fresh, expired)
	l.list = append(slices.DeleteFunc(l.list, expired), fresh...)
	l.asOf = now
	if len(fresh) > 0 {
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

// Purge deletes at most limit sessions whose access tokens have expired from the store and returns their
// number.
func (l *EndedSessions) Purge(ctx context.Context, limit int) (int, error) {
	return l.store.PurgeEndedSessions(ctx, wholeSecond(l.clock()).Add(-maxGrace-maxAccessTTL), limit)
}

// endedPage is a part of the list.
type endedPage struct {
	ended  []EndedSession
	cursor int64     // to ask for what comes after this page
	more   bool      // whether there is another page now
	asOf   time.Time // the state of the database that the page describes; zero: unknown
}

// page returns the part of the list after a position. If it is empty, page waits until it is not, the time
// is over or ctx ends.
func (l *EndedSessions) page(ctx context.Context, after int64, wait time.Duration) endedPage {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		got, changed := l.next(after, wait > 0)
		if changed == nil {
			return got
		}
		select {
		case <-changed:
			l.leave()
		case <-timeout.C:
			l.leave()
			wait = 0
		case <-ctx.Done():
			l.leave()
			return got
		}
	}
}

// next returns the part of the list after a position. If it is empty and the caller would wait for more, next also returns
// what to wait for, unless too many callers wait. The caller then calls leave.
func (l *EndedSessions) next(after int64, wait bool) (got endedPage, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begin := sort.Search(len(l.list), func(i int) bool { return l.list[i].Position > after })
	rest := l.list[begin:]
	got = endedPage{cursor: after, more: len(rest) > publication, asOf: l.asOf}
	got.ended = slices.Clone(rest[:min(len(rest), publication)])
	if n := len(got.ended); n > 0 {
		got.cursor = got.ended[n-1].Position
		return got, nil
	}
	if !wait || l.waiting >= maxWaiting {
		return got, nil
	}
	l.waiting++
	return got, l.changed
}

func (l *EndedSessions) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
}
