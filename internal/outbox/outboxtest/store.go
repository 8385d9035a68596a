// Package outboxtest owns an in-memory outbox.Store and a manual clock, for tests of code that
// creates or runs jobs.
package outboxtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// Store implements outbox.Store in memory.
type Store struct {
	mu   sync.Mutex
	jobs map[string]outbox.Job
}

var _ outbox.Store = (*Store)(nil)

// NewStore returns a store with jobs.
func NewStore(jobs ...outbox.Job) *Store {
	s := &Store{jobs: map[string]outbox.Job{}}
	s.add(jobs)
	return s
}

func (s *Store) add(jobs []outbox.Job) {
	for _, j := range jobs {
		if _, exists := s.jobs[j.ID]; !exists {
			s.jobs[j.ID] = j
		}
	}
}

// Enqueue implements outbox.Store.
func (s *Store) Enqueue(ctx context.Context, j outbox.Job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add([]outbox.Job{j})
	return nil
}

// ClaimJobs implements outbox.Store.
func (s *Store) ClaimJobs(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]outbox.Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []outbox.Job
	for _, j := range s.sorted() {
		if j.NotBefore.After(now) || len(due) == limit {
			continue
		}
		j.Attempts++
		due = append(due, j)
		j.NotBefore = now.Add(lease)
		s.jobs[j.ID] = j
	}
	return due, nil
}

// FinishJob implements outbox.Store.
func (s *Store) FinishJob(ctx context.Context, id string, follow []outbox.Job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.jobs[id]; exists {
		delete(s.jobs, id)
		s.add(follow)
	}
	return nil
}

// RetryJob implements outbox.Store.
func (s *Store) RetryJob(ctx context.Context, id string, at time.Time, lastError string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if j, exists := s.jobs[id]; exists {
		j.NotBefore, j.LastError = at, lastError
		s.jobs[id] = j
	}
	return nil
}

// Jobs returns all jobs, oldest first.
func (s *Store) Jobs() []outbox.Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sorted()
}

func (s *Store) sorted() []outbox.Job {
	return slices.SortedFunc(maps.Values(s.jobs), func(a, b outbox.Job) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
}

// Clock is a manual clock. It starts at the same time in every test.
type Clock struct {
	mu      sync.Mutex
	advance time.Duration
}

// Now returns the current time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(c.advance)
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance += d
}
