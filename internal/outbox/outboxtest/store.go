// Package outboxtest owns a store of jobs in memory and a clock that is set by hand, for the tests
// of whoever carries jobs out.
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

// Store keeps jobs in memory, to the letter of outbox.Store.
type Store struct {
	mu   sync.Mutex
	jobs map[string]outbox.Job
}

var _ outbox.Store = (*Store)(nil)

// NewStore makes a store with jobs.
func NewStore(jobs ...outbox.Job) *Store {
	s := &Store{jobs: map[string]outbox.Job{}}
	s.add(jobs)
	return s
}

func (s *Store) add(jobs []outbox.Job) {
	for _, j := range jobs {
		if _, known := s.jobs[j.ID]; !known {
			s.jobs[j.ID] = j
		}
	}
}

// Enqueue keeps a job.
func (s *Store) Enqueue(ctx context.Context, j outbox.Job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add([]outbox.Job{j})
	return nil
}

// ClaimJobs gives jobs that are due, and hides them for the lease.
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

// FinishJob deletes a job and adds those that follow.
func (s *Store) FinishJob(ctx context.Context, id string, follow []outbox.Job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.jobs[id]; known {
		delete(s.jobs, id)
		s.add(follow)
	}
	return nil
}

// RetryJob makes a job due again at a time.
func (s *Store) RetryJob(ctx context.Context, id string, at time.Time, lastError string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if j, known := s.jobs[id]; known {
		j.NotBefore, j.LastError = at, lastError
		s.jobs[id] = j
	}
	return nil
}

// Jobs gives all jobs, oldest first.
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

// Clock is set by hand. It begins at the same time in every test.
type Clock struct {
	mu      sync.Mutex
	advance time.Duration
}

// Now gives the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(c.advance)
}

// Advance lets time pass.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance += d
}
