package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// Message is a rendered email.
type Message struct {
	ID      string    `json:"id"` // stays the same when sending is retried
	To      string    `json:"to"` // one address
	Date    time.Time `json:"date"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
}

// Sender sends messages. Send returns nil only once another server has accepted the message or it
// is on disk, and it MUST return soon after ctx ends.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Preparer decides whether an email is still needed, and for whom. account.Service implements it.
type Preparer interface {
	Prepare(ctx context.Context, order account.Message) (d account.PreparedMessage, needed bool, err error)
}

// Handler returns the handler of email jobs. Every error leads to a retry, including replies that
// the server calls permanent: the server may be misconfigured, and waiting loses no email.
func Handler(accounts Preparer, sender Sender, templates *Templates, now func() time.Time) outbox.Handler {
	return func(ctx context.Context, job outbox.Job) ([]outbox.Job, error) {
		var order account.Message
		if err := json.Unmarshal(job.Payload, &order); err != nil {
			return nil, fmt.Errorf("decode email job: %w", err)
		}
		d, needed, err := accounts.Prepare(ctx, order)
		if err != nil || !needed {
			return nil, err
		}
		m, err := templates.Render(d)
		if err != nil {
			return nil, err
		}
		m.ID, m.Date = job.ID, now().UTC()
		return d.Follow, sender.Send(ctx, m)
	}
}
