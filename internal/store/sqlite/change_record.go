package sqlite

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/store"
)

const (
	insertEvent = `
		INSERT INTO audit_events (id, at, action, outcome, reason, actor, actor_id, client_id, target, target_id,
			address, user_agent, request_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	hookActive = `SELECT EXISTS (SELECT 1 FROM hooks WHERE active)`
)

// recordChange stores the audit event and the outbox jobs of a change in its transaction. Webhook
// events are only stored if a webhook is active.
func recordChange(ctx context.Context, tx *writeTx, change audit.Change) error {
	if change.Event.Action != "" {
		if err := recordEvent(ctx, tx, change.Event); err != nil {
			return err
		}
	}
	if len(change.Jobs) == 0 {
		return nil
	}
	active, err := queryOne(ctx, tx, scanValue[bool], hookActive)
	if err != nil {
		return err
	}
	for _, j := range change.Jobs {
		if j.Kind == outbox.WebhookEvent && !active {
			continue
		}
		if err := enqueue(ctx, tx, j); err != nil {
			return err
		}
	}
	return nil
}

func recordEvent(ctx context.Context, tx *writeTx, e audit.Event) error {
	_, err := tx.ExecContext(ctx, insertEvent, e.ID, storedTime(e.At), string(e.Action), string(e.Outcome), store.CleanText(e.Reason),
		store.CleanText(e.Actor), store.CleanText(e.ActorID), store.CleanText(e.ClientID), store.CleanText(e.Target), store.CleanText(e.TargetID),
		store.CleanText(e.Address), store.CleanText(e.UserAgent), store.CleanText(e.RequestID))
	return err
}
