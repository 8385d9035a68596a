package statistics

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Level is how urgent a finding is.
type Level string

// The levels, the most urgent first.
const (
	Problem Level = "problem" // something does not work
	Warning Level = "warning"
)

// Finding is something that someone should look at.
type Finding struct {
	Code     string // a stable word
	Level    Level
	Detail   string    // a sentence for people, without secrets
	Count    int64     // how many there are; 0: that makes no sense
	Since    time.Time // when the oldest of them was created; zero: unknown
	TargetID string    // of what it is about; may be empty
}

// Check looks for findings.
type Check func(ctx context.Context) ([]Finding, error)

// manyRefused is how many refused attempts in two hours are a finding. A few are people who mistype.
const manyRefused = 10

// Attention returns what all checks find, the most urgent first.
func (s *Service) Attention(ctx context.Context) ([]Finding, error) {
	var all []Finding
	for _, check := range append([]Check{s.checkRefused}, s.Checks...) {
		found, err := check(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(a.Level, b.Level) })
	return all, nil
}

// checkRefused looks for attempts that rate limits refuse: someone may be guessing passwords.
func (s *Service) checkRefused(ctx context.Context) ([]Finding, error) {
	hours, err := s.Series(ctx, Hourly, 2)
	if err != nil {
		return nil, err
	}
	n := hours[0].Refused + hours[1].Refused
	if n < manyRefused {
		return nil, nil
	}
	return []Finding{{
		Code: "rate_limited", Level: Warning, Count: n, Since: hours[0].At,
		Detail: fmt.Sprintf("rate limits have refused %d attempts since %s; the audit log shows the failures before them", n, hours[0].At.Format("15:04 MST")),
	}}, nil
}
