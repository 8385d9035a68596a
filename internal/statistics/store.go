package statistics

import (
	"context"
	"time"
)

// Counts are how often something has happened.
type Counts struct {
	SignIns   int64 // that succeeded
	Failures  int64 // sign-ins with a wrong username or password
	Refreshes int64 // that returned new tokens
	Refused   int64 // attempts that a rate limit refused
}

// Levels are how many there are of something at one moment.
type Levels struct {
	Sessions int64 // that have not ended
	Users    int64
}

// Hour is an hour of UTC.
type Hour struct {
	At time.Time // its beginning
	Counts

	Levels *Levels // at the last time they were counted in this hour; nil: never
}

// Store stores hours. Every method is atomic.
type Store interface {
	// AddCounts adds to the counts of an hour. Any number of replicas may do so at once.
	AddCounts(ctx context.Context, hour time.Time, c Counts) error
	// PutLevels replaces the levels of an hour.
	PutLevels(ctx context.Context, hour time.Time, l Levels) error
	// Hours returns the stored hours from a time on, oldest first.
	Hours(ctx context.Context, from time.Time) ([]Hour, error)
	// CountLevels counts at a time. It reads as many index entries as there are sessions and users.
	CountLevels(ctx context.Context, now time.Time) (Levels, error)
	// PurgeHours deletes at most limit hours before a time and returns their number.
	PurgeHours(ctx context.Context, before time.Time, limit int) (int, error)
}
