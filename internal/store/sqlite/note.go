package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

const (
	appendEvent = `
		INSERT INTO audit_events (id, at, action, outcome, reason, actor, actor_id, client_id, target, target_id,
			address, user_agent, request_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	hookActive = `SELECT EXISTS (SELECT 1 FROM hooks WHERE active)`
)

// keep stores the note of a change that the transaction has made. Notices are for hooks: where none
// is active they are not even stored.
func keep(ctx context.Context, tx *sql.Tx, n audit.Note) error {
	if e := n.Event; e.Action != "" {
		if _, err := tx.ExecContext(ctx, appendEvent, e.ID, seconds(e.At), string(e.Action), string(e.Outcome), clean(e.Reason),
			clean(e.Actor), clean(e.ActorID), clean(e.ClientID), clean(e.Target), clean(e.TargetID),
			clean(e.Address), clean(e.UserAgent), clean(e.RequestID)); err != nil {
			return err
		}
	}
	if len(n.Jobs) == 0 {
		return nil
	}
	told, err := one(ctx, tx, value[bool], hookActive)
	if err != nil {
		return err
	}
	for _, j := range n.Jobs {
		if j.Kind == outbox.Notice && !told {
			continue
		}
		if err := enqueue(ctx, tx, j); err != nil {
			return err
		}
	}
	return nil
}

// changeOne runs a statement that must touch a row, or answers ErrNotFound, and keeps its note.
func (s *Store) changeOne(ctx context.Context, n audit.Note, query string, args ...any) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := execOne(ctx, tx, query, args...); err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

// execMany runs a statement and gives the number of rows that it touched.
func execMany(ctx context.Context, tx *sql.Tx, query string, args ...any) (int, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// clean makes of what was sent from outside the text that PostgreSQL would keep, too.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
