package throttle

import "context"

// Purge deletes at most limit keys whose state has expired and returns their number.
func (l *Limiter) Purge(ctx context.Context, limit int) (int, error) {
	return l.store.PurgeThrottle(ctx, l.now(), limit)
}
