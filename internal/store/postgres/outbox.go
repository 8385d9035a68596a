package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/store"
)

var enqueueJob = insertJobs("$1") + ` ON CONFLICT (id) DO NOTHING`

// Enqueue implements outbox.Store.
func (s *Store) Enqueue(ctx context.Context, j outbox.Job) error {
	_, err := s.exec(ctx, enqueueJob, jobsJSON([]outbox.Job{j}))
	return err
}

// SKIP LOCKED lets each worker pass over the jobs that another one is claiming. Ordering by not_before
// puts jobs that wait for a retry last.
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
	return queryAll(ctx, s, scanJob, claimJobs, storedTime(now), storedTime(now.Add(lease)), max(limit, 0))
}

var finishJob = `WITH finished AS (DELETE FROM outbox WHERE id = $1 RETURNING id)
	` + insertJobs("$2") + ` WHERE EXISTS (SELECT FROM finished) ON CONFLICT (id) DO NOTHING`

// FinishJob implements outbox.Store.
func (s *Store) FinishJob(ctx context.Context, id string, follow []outbox.Job) error {
	_, err := s.exec(ctx, finishJob, uuidOrNull(id), jobsJSON(follow))
	return err
}

const retryJob = `UPDATE outbox SET not_before = $2, last_error = $3, leased_until = NULL WHERE id = $1`

// RetryJob implements outbox.Store.
func (s *Store) RetryJob(ctx context.Context, id string, at time.Time, lastError string) error {
	_, err := s.exec(ctx, retryJob, uuidOrNull(id), storedTime(at), store.CleanText(lastError))
	return err
}

const outboxStats = `SELECT kind, count(*), count(*) FILTER (WHERE last_error <> ''), min(created_at) FROM outbox GROUP BY kind ORDER BY kind`

func scanOutboxStats(row pgx.CollectableRow) (outbox.Stats, error) {
	var s outbox.Stats
	err := row.Scan(&s.Kind, &s.Jobs, &s.Failing, &s.Oldest)
	s.Oldest = s.Oldest.UTC()
	return s, err
}

// OutboxStats implements outbox.Monitor.
func (s *Store) OutboxStats(ctx context.Context) ([]outbox.Stats, error) {
	return queryAll(ctx, s, scanOutboxStats, outboxStats)
}
