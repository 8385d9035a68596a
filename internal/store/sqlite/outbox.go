package sqlite

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/store"
)

const enqueueJob = `
	INSERT INTO outbox (id, kind, payload, created_at, not_before, attempts, last_error) VALUES (?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO NOTHING`

func enqueue(ctx context.Context, tx *writeTx, j outbox.Job) error {
	_, err := tx.ExecContext(ctx, enqueueJob, j.ID, string(j.Kind), string(j.Payload), storedTime(j.CreatedAt), storedTime(j.NotBefore),
		j.Attempts, store.CleanText(j.LastError))
	return err
}

// Enqueue implements outbox.Store.
func (s *Store) Enqueue(ctx context.Context, j outbox.Job) error {
	return s.inTx(ctx, func(tx *writeTx) error { return enqueue(ctx, tx, j) })
}

// Ordering by not_before puts jobs that wait for a retry last.
const claimJobs = `
	UPDATE outbox SET attempts = attempts + 1, leased_until = ?2 WHERE id IN (
		SELECT id FROM outbox WHERE not_before <= ?1 AND (leased_until IS NULL OR leased_until <= ?1)
		ORDER BY not_before, created_at, id LIMIT ?3)
	RETURNING id, kind, payload, created_at, not_before, attempts, last_error`

func scanJob(r row) (outbox.Job, error) {
	var j outbox.Job
	var created, due int64
	var payload string
	err := r.Scan(&j.ID, &j.Kind, &payload, &created, &due, &j.Attempts, &j.LastError)
	j.Payload, j.CreatedAt, j.NotBefore = []byte(payload), utc(created), utc(due)
	return j, err
}

// anyJobDue reports whether a job can be claimed. Workers ask often and usually there is none, so they
// read before they wait for the writer.
const anyJobDue = `SELECT EXISTS (SELECT 1 FROM outbox WHERE not_before <= ?1 AND (leased_until IS NULL OR leased_until <= ?1))`

// ClaimJobs implements outbox.Store.
func (s *Store) ClaimJobs(ctx context.Context, now time.Time, lease time.Duration, limit int) (jobs []outbox.Job, err error) {
	if due, err := queryOne(ctx, s.reads, scanValue[bool], anyJobDue, storedTime(now)); err != nil || !due {
		return nil, err
	}
	err = s.inTx(ctx, func(tx *writeTx) error {
		jobs, err = queryAll(ctx, tx, scanJob, claimJobs, storedTime(now), storedTime(now.Add(lease)), max(limit, 0))
		return err
	})
	slices.SortFunc(jobs, func(a, b outbox.Job) int { // RETURNING has no order
		return cmp.Or(a.NotBefore.Compare(b.NotBefore), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return jobs, err
}

const finishJob = `DELETE FROM outbox WHERE id = ?`

// FinishJob implements outbox.Store.
func (s *Store) FinishJob(ctx context.Context, id string, follow []outbox.Job) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if finished, err := execTx(ctx, tx, finishJob, id); err != nil || finished == 0 {
			return err // another worker has finished it
		}
		for _, j := range follow {
			if err := enqueue(ctx, tx, j); err != nil {
				return err
			}
		}
		return nil
	})
}

const retryJob = `UPDATE outbox SET not_before = ?2, last_error = ?3, leased_until = NULL WHERE id = ?1`

// RetryJob implements outbox.Store.
func (s *Store) RetryJob(ctx context.Context, id string, at time.Time, lastError string) error {
	_, err := s.exec(ctx, retryJob, id, storedTime(at), store.CleanText(lastError))
	return err
}

const outboxStats = `SELECT kind, count(*), count(*) FILTER (WHERE last_error <> ''), min(created_at) FROM outbox GROUP BY kind ORDER BY kind`

func scanOutboxStats(r row) (outbox.Stats, error) {
	var s outbox.Stats
	var oldest int64
	err := r.Scan(&s.Kind, &s.Jobs, &s.Failing, &oldest)
	s.Oldest = utc(oldest)
	return s, err
}

// OutboxStats implements outbox.Monitor.
func (s *Store) OutboxStats(ctx context.Context) ([]outbox.Stats, error) {
	return queryAll(ctx, s.reader, scanOutboxStats, outboxStats)
}
