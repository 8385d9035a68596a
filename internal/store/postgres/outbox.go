package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/outbox"
)

var enqueueJob = enqueue("$1") + ` ON CONFLICT (id) DO NOTHING`

// Enqueue implements outbox.Store.
func (s *Store) Enqueue(ctx context.Context, j outbox.Job) error {
	_, err := s.exec(ctx, enqueueJob, jobsText([]outbox.Job{j}))
	return err
}

// Of many workers each passes over the rows that another is about to take. Those that wait for
// another try stand behind in the index.
const claimJobs = `
	WITH claimed AS (
		UPDATE outbox SET attempts = attempts + 1, leased_until = $2 WHERE id = ANY(ARRAY(
			SELECT id FROM outbox WHERE not_before <= $1 AND (leased_until IS NULL OR leased_until <= $1)
			ORDER BY not_before, created_at, id LIMIT $3 FOR UPDATE SKIP LOCKED))
		RETURNING *)
	SELECT id::text, kind, payload, created_at, not_before, attempts, last_error FROM claimed ORDER BY not_before, created_at, claimed.id`

func scanJob(row pgx.CollectableRow) (outbox.Job, error) {
	var j outbox.Job
	err := row.Scan(&j.ID, &j.Kind, &j.Payload, &j.CreatedAt, &j.NotBefore, &j.Attempts, &j.LastError)
	j.CreatedAt, j.NotBefore = j.CreatedAt.UTC(), j.NotBefore.UTC()
	return j, err
}

// ClaimJobs implements outbox.Store.
func (s *Store) ClaimJobs(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]outbox.Job, error) {
	return all(ctx, s, scanJob, claimJobs, whole(now), whole(now.Add(lease)), max(limit, 0))
}

var finishJob = `WITH done AS (DELETE FROM outbox WHERE id = $1 RETURNING id)
	` + enqueue("$2") + ` WHERE EXISTS (SELECT FROM done) ON CONFLICT (id) DO NOTHING`

// FinishJob implements outbox.Store.
func (s *Store) FinishJob(ctx context.Context, id string, follow []outbox.Job) error {
	_, err := s.exec(ctx, finishJob, uuidOrNull(id), jobsText(follow))
	return err
}

const retryJob = `UPDATE outbox SET not_before = $2, last_error = $3, leased_until = NULL WHERE id = $1`

// RetryJob implements outbox.Store.
func (s *Store) RetryJob(ctx context.Context, id string, at time.Time, lastError string) error {
	_, err := s.exec(ctx, retryJob, uuidOrNull(id), whole(at), clean(lastError))
	return err
}
