// Package timerslack lets `latchkey serve` wake up less often on Linux.
//
// Go's monitor thread wakes up every 20 µs while a goroutine runs (sysmon in runtime/proc.go), which took a seventh of the
// service's processor time of a sign-in, and interrupted the hashes. With a longer timer slack Linux lets it sleep longer,
// and timers of the service fire later by as much. That thread is older than any code of a program, and a new thread has the
// slack of the one that starts it, so the program starts anew. It does so in the initialization of this package, which
// imports little: before most other packages are initialized, that takes the least time.
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
