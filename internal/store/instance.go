package store

import (
	"context"
	"time"
)

// Instance identifies one database and how much has happened in it.
type Instance struct {
	ID string // random; no other database has it, except copies of this one
	// Changes counts the audit events that were ever stored, including those that have been purged. It
	// never decreases. PostgreSQL does not count: it is always 0.
	Changes int64
}

// Keeper is what operating a database needs beyond the domain.
type Keeper interface {
	// Instance returns the id of the database and the number of its changes.
	Instance(ctx context.Context) (Instance, error)
	// ProbeWrite commits a small change, which nothing reads. It returns an error unless this process
	// can write to the database now.
	ProbeWrite(ctx context.Context) error
	// RevokeAllSessions revokes at most limit sessions that are not revoked yet, of all users and
	// clients, and returns their number. Several calls are needed to revoke more, so that each is short.
	RevokeAllSessions(ctx context.Context, reason string, now time.Time, limit int) (int, error)
}
