package audit

import "github.com/latchkey-auth/latchkey/internal/outbox"

// Change is what is stored in the same transaction as a change: its event, and the jobs that follow
// from it. A store that does not make the change MUST store nothing of it.
type Change struct {
	Event Event
	Jobs  []outbox.Job
}
