package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// Message is a letter as it leaves.
type Message struct {
	ID      string    `json:"id"` // the same when it is sent again
	To      string    `json:"to"` // one address
	Date    time.Time `json:"date"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
}

// Sender takes letters on. Send returns nil only when another has answered for the letter, or it
// is on the disk, and it MUST end soon after ctx does.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Preparer makes letters ready; account.Service is one.
type Preparer interface {
	Prepare(ctx context.Context, order account.Letter) (d account.Delivery, needed bool, err error)
}

// Handler carries out the jobs of kind letter. Every fault is tried again, also what a server calls
// permanent: it may be the server's mistake, and no letter is lost by waiting.
func Handler(accounts Preparer, sender Sender, templates *Templates, now func() time.Time) outbox.Handler {
	return func(ctx context.Context, job outbox.Job) ([]outbox.Job, error) {
		var order account.Letter
		if err := json.Unmarshal(job.Payload, &order); err != nil {
			return nil, fmt.Errorf("the letter's order: %w", err)
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
