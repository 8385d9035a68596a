package statistics

import (
	"context"
	"time"
)

// Interval is the length of one item of a series.
type Interval time.Duration

// The intervals. Both begin at full hours of UTC.
const (
	Hourly = Interval(time.Hour)
	Daily  = Interval(24 * time.Hour)
)

// Series returns the last points intervals, oldest first, without gaps. The last one is not over yet. The
// At of an item is the beginning of its interval, its levels are the last ones that were counted in it.
func (s *Service) Series(ctx context.Context, interval Interval, points int) ([]Hour, error) {
	length := time.Duration(interval)
	last := s.now().Truncate(length)
	items := make([]Hour, max(points, 1))
	first := last.Add(-time.Duration(len(items)-1) * length)
	for i := range items {
		items[i].At = first.Add(time.Duration(i) * length)
	}
	hours, err := s.Store.Hours(ctx, first)
	if err != nil {
		return nil, err
	}
	for _, h := range hours {
		if i := int(h.At.Sub(first) / length); i < len(items) { // the clock of another replica may be ahead
			items[i].add(h)
		}
	}
	return items, nil
}

// add adds a later hour.
func (h *Hour) add(later Hour) {
	h.SignIns += later.SignIns
	h.Failures += later.Failures
	h.Refreshes += later.Refreshes
	h.Refused += later.Refused
	if later.Levels != nil {
		h.Levels = later.Levels
	}
}
