package account

import (
	"context"
	"time"
)

// refusalTime is how long a refused attempt takes at least, from before the user was looked up: longer than
// the look-up, so that the time does not tell whether there was a user to read.
const refusalTime = 25 * time.Millisecond

// refuse waits until refusalTime has passed since start, or the caller has gone.
func refuse(ctx context.Context, start time.Time) {
	timer := time.NewTimer(time.Until(start.Add(refusalTime)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
