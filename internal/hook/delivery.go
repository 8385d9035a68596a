package hook

import (
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Status is the state of a delivery.
type Status string

// The values of Status.
const (
	Delivered Status = "delivered"
	Retrying  Status = "retrying" // the last attempt failed; there will be another
	Failed    Status = "failed"   // given up; Service.Replay sends it again
)

// Delivery is one event sent to one webhook, with the result of the last attempt. Times are UTC, in
// whole seconds.
type Delivery struct {
	ID        string // UUID; the webhook-id header of every attempt
	HookID    string
	Event     audit.Action
	Body      []byte // exactly as sent
	Status    Status
	Attempts  int
	Response  int       // HTTP status of the last attempt; 0 if there was no response
	Error     string    // of the last attempt; empty if delivered
	CreatedAt time.Time // when the event happened
	TriedAt   time.Time // the last attempt
}
