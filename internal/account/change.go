package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// WebhookEvent is what webhooks receive about a user.
type WebhookEvent struct {
	Type      audit.Action `json:"type"`
	Timestamp time.Time    `json:"timestamp"`
	Data      WebhookData  `json:"data"`
}

// WebhookData is the user that a WebhookEvent is about.
type WebhookData struct {
	UserID   string `json:"user_id"`
	Username string `json:"username"`
	Email    string `json:"email"`
	Role     string `json:"role,omitempty"`
}

// NewChange returns what is stored with a change to a user: the audit event, the webhook event, and
// the emails to send.
func NewChange(ctx context.Context, now time.Time, action audit.Action, u User, messages ...Message) audit.Change {
	event := audit.New(ctx, now, action, u.Username, u.ID)
	if event.Actor == "" { // nobody is signed in: the user acts for itself
		event.Actor, event.ActorID = u.Username, u.ID
	}
	c := audit.Change{Event: event, Jobs: []outbox.Job{webhookJob(event, WebhookData{UserID: u.ID, Username: u.Username, Email: u.Email})}}
	for _, m := range messages {
		c.Jobs = append(c.Jobs, outbox.New(uuid.NewString(), outbox.Email, m, event.At))
	}
	return c
}

func (d *Directory) change(ctx context.Context, action audit.Action, u User, messages ...Message) audit.Change {
	return NewChange(ctx, d.clock(), action, u, messages...)
}

// roleChange is change for a role that is granted or revoked.
func (d *Directory) roleChange(ctx context.Context, action audit.Action, u User, role string) audit.Change {
	event := audit.New(ctx, d.clock(), action, u.Username, u.ID).Because(role)
	data := WebhookData{UserID: u.ID, Username: u.Username, Email: u.Email, Role: role}
	return audit.Change{Event: event, Jobs: []outbox.Job{webhookJob(event, data)}}
}

func webhookJob(event audit.Event, data WebhookData) outbox.Job {
	body := WebhookEvent{Type: event.Action, Timestamp: event.At, Data: data}
	return outbox.New(uuid.NewString(), outbox.WebhookEvent, body, event.At)
}
