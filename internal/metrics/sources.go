package metrics

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/password"
)

// Sources are read each time Prometheus asks. Every field but Certificate is required.
type Sources struct {
	Hashes       func() password.Stats
	Keys         func() []keyring.Status
	NextRotation func() time.Time
	Outbox       func(ctx context.Context) ([]outbox.Stats, error)
	Pools        func() []Pool
	Certificate  func() time.Time // when the TLS certificate expires; nil: no TLS of its own
	Now          func() time.Time
}

// Pool is the state of a pool of database connections.
type Pool struct {
	Name     string
	Max      int           // connections that may be open
	Open     int           // connections that are open
	InUse    int           // connections that work
	Waits    int64         // how often a caller had to wait for one
	WaitTime time.Duration // how long callers have waited, in total
}
