// Package timerslack lets `latchkey serve` wake up less often on Linux.
//
// Go's monitor thread asks to be woken every 20 µs when a goroutine begins to run (sysmon in runtime/proc.go), which took, by
// `perf record`, a seventh of the service's processor time of a sign-in. With a longer timer slack Linux may let it sleep longer, and timers
// of the service may fire later by as much. That thread is older than any code of a program, and a thread has the slack of
// the one that starts it, so the program starts anew. It does so in the initialization of this package, which imports
// little: before most other packages are initialized, that takes the least time.
package timerslack

import (
	"os"
	"time"

	"github.com/latchkey-auth/latchkey/internal/process"
)

const slack = time.Millisecond

func init() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		_ = process.RaiseTimerSlack(slack) // the service works without it as well
	}
}
