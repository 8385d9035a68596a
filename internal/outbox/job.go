package outbox

import (
	"context"
	"encoding/json"
	"time"
)

// Kind says who carries a job out.
type Kind string

// The kinds.
const (
	Letter Kind = "letter" // mail sends it
	Notice Kind = "notice" // an event that hooks may want; it becomes one call for each that does
	Call   Kind = "call"   // one call of one hook
)

// Job is something to be done. Times are UTC in whole seconds.
type Job struct {
	ID        string // UUID
	Kind      Kind
	Payload   []byte // JSON
	CreatedAt time.Time
	NotBefore time.Time // when it is tried next
	Attempts  int       // tries so far
	LastError string    // of the last try, without secrets
}

// New makes a job to be done at once. The payload is one of ours: that it cannot be written as JSON
// is the programmer's fault.
func New(id string, kind Kind, payload any, now time.Time) Job {
	text, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return Job{ID: id, Kind: kind, Payload: text, CreatedAt: now, NotBefore: now}
}

// Store keeps jobs.
type Store interface {
	// Enqueue keeps a job. One whose ID is there already MUST be left as it is; that is no error.
	Enqueue(ctx context.Context, j Job) error
	// ClaimJobs gives at most limit jobs that are due at now, those due longest first, and hides them
	// from all others until lease has passed: a worker that dies gives them back by doing nothing.
	// Attempts are counted up in the same act.
	ClaimJobs(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Job, error)
	// FinishJob deletes a job and adds those that follow from it, as Enqueue does, in one act. A job
	// that is gone is no error: another has finished it, and nothing MUST be added.
	FinishJob(ctx context.Context, id string, follow []Job) error
	// RetryJob makes a job due again at a time, and keeps why the last try failed.
	RetryJob(ctx context.Context, id string, at time.Time, lastError string) error
}
