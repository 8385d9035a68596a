package statistics

import (
	"context"
	"sync/atomic"
	"time"
)

// Options are the dependencies of a Service.
type Options struct {
	Store  Store
	Checks []Check // of Attention
	Now    func() time.Time
}

// Service counts and reads. It is safe for concurrent use.
type Service struct {
	Options
	signIns, failures, refreshes, refused atomic.Int64 // since they were last stored
	levelsAt                              time.Time    // when levels are next counted; used by Work alone
}

// New returns a service.
func New(o Options) *Service { return &Service{Options: o} }

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Second) }

// SignedIn counts a sign-in, or a failed one.
func (s *Service) SignedIn(ok bool) {
	if ok {
		s.signIns.Add(1)
	} else {
		s.failures.Add(1)
	}
}

// Refreshed counts a refresh that returned new tokens.
func (s *Service) Refreshed() { s.refreshes.Add(1) }

// Refused counts an attempt that a rate limit refused.
func (s *Service) Refused() { s.refused.Add(1) }

// Work stores what has been counted since the last call and counts sessions and users when that is due.
// One goroutine may call it.
func (s *Service) Work(ctx context.Context) error {
	if err := s.Flush(ctx); err != nil {
		return err
	}
	return s.countLevels(ctx)
}

// Flush stores what has been counted. What cannot be stored is kept for the next call.
func (s *Service) Flush(ctx context.Context) error {
	c := Counts{
		SignIns: s.signIns.Swap(0), Failures: s.failures.Swap(0), Refreshes: s.refreshes.Swap(0), Refused: s.refused.Swap(0),
	}
	if c == (Counts{}) {
		return nil
	}
	err := s.Store.AddCounts(ctx, s.now().Truncate(time.Hour), c)
	if err != nil {
		s.signIns.Add(c.SignIns)
		s.failures.Add(c.Failures)
		s.refreshes.Add(c.Refreshes)
		s.refused.Add(c.Refused)
	}
	return err
}

// How often sessions and users are counted. The more there are, the longer counting takes, so the pause
// after it is as many times longer.
const (
	leastPause = 10 * time.Second
	pauseRatio = 600
)

func (s *Service) countLevels(ctx context.Context) error {
	now := s.now()
	if now.Before(s.levelsAt) {
		return nil
	}
	begin := s.Now()
	levels, err := s.Store.CountLevels(ctx, now)
	s.levelsAt = now.Add(max(leastPause, pauseRatio*s.Now().Sub(begin)))
	if err != nil {
		return err
	}
	return s.Store.PutLevels(ctx, now.Truncate(time.Hour), levels)
}

// retention is how long hours are kept: enough for a year of days.
const retention = 400 * 24 * time.Hour

// Purge deletes at most limit old hours and returns their number.
func (s *Service) Purge(ctx context.Context, limit int) (int, error) {
	return s.Store.PurgeHours(ctx, s.now().Add(-retention), limit)
}
