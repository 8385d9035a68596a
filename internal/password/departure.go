package password

import (
	"context"
	"time"
)

// departureTick is the interval at which results leave while other hashes wait for the slots. What follows a result, such
// as a session to be stored, takes the processors from the hashes, and less of them when it is done for several at once.
const departureTick = 60 * time.Millisecond

// depart waits for the next departure, or for the end of ctx. If the slots would run out of hashes before, it returns at
// once: only while hashes have to wait does it cost nothing to wait after one instead.
func (s *slots) depart(ctx context.Context) {
	if s.busyFor() < departureTick {
		return
	}
	sleep(ctx, departureTick-time.Duration(time.Now().UnixNano())%departureTick)
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// busyFor returns how long the hashes that wait keep the slots busy.
func (s *slots) busyFor() time.Duration {
	return time.Duration(s.waiting() * s.each.Load() / int64(cap(s.running)))
}
