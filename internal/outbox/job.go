package outbox

import (
	"context"
	"encoding/json"
	"time"
)

// Kind selects the handler of a job.
type Kind string

// The kinds of jobs. The stored words are older than the names.
const (
	Email        Kind = "letter" // an email to send; handled by mail
	WebhookEvent Kind = "notice" // an event; hook turns it into one WebhookCall per interested webhook
	WebhookCall  Kind = "call"   // an event to deliver to one webhook; handled by hook
)

// Job is a unit of work. Times are UTC, in whole seconds.
type Job struct {
	ID        string // UUID
	Kind      Kind
	Payload   []byte // JSON
	CreatedAt time.Time
	NotBefore time.Time // when the next attempt is due
	Attempts  int       // so far
	LastError string    // of the last attempt; contains no secrets
}

// New returns a job that is due now. It panics if payload cannot be encoded as JSON, which is a
// programming error.
func New(id string, kind Kind, payload any, now time.Time) Job {
	text, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return Job{ID: id, Kind: kind, Payload: text, CreatedAt: now, NotBefore: now}
}

// Stats counts the jobs of one kind.
type Stats struct {
	Kind    Kind
	Jobs    int       // all that are not done
	Failing int       // those among them whose last attempt has failed
	Oldest  time.Time // when the oldest of them was created
}

// Store stores jobs. Every method is atomic.
type Store interface {
	// Enqueue stores a job. If there is already a job with the same ID, Enqueue MUST leave that one
	// unchanged and return nil.
	Enqueue(ctx context.Context, j Job) error
	// ClaimJobs returns at most limit jobs that are due at now, those that have been due longest first.
	// It increments Attempts, and hides the jobs from other workers until the lease has expired, so
	// that the jobs of a worker that has crashed become due again.
	ClaimJobs(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Job, error)
	// FinishJob deletes a job and stores the jobs that follow from it, as Enqueue does. If the job does
	// not exist, another worker has finished it: FinishJob MUST NOT store anything and returns nil.
	FinishJob(ctx context.Context, id string, follow []Job) error
	// RetryJob makes a job due again at a time, and stores the error of the last attempt.
	RetryJob(ctx context.Context, id string, at time.Time, lastError string) error
}

// Monitor tells how much work is left.
type Monitor interface {
	// OutboxStats returns the statistics of each kind of which there are jobs, by name of the kind.
	OutboxStats(ctx context.Context) ([]Stats, error)
}
