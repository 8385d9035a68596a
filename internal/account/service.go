package account

import (
	"errors"
	"log/slog"
	"time"
)

// Directory administers users and roles. It counts no attempts: its callers are administrators, the
// commands and the background work.
type Directory struct {
	users       UserStore
	roles       RoleStore
	tokens      OneTimeTokenStore
	events      Events
	queue       Queue
	passwords   Passwords
	minPassword int
	noMail      bool
	clock       func() time.Time
	log         *slog.Logger
}

// DirectoryOptions are what a Directory needs. All but NoMail are required.
type DirectoryOptions struct {
	Users       UserStore
	Roles       RoleStore
	Tokens      OneTimeTokenStore
	Events      Events
	Queue       Queue
	Passwords   Passwords
	MinPassword int  // shortest accepted password in characters
	NoMail      bool // email is not configured, so that no message reaches its recipient
	Now         func() time.Time
	Log         *slog.Logger
}

// NewDirectory returns a Directory, or an error that names what is missing.
func NewDirectory(o DirectoryOptions) (*Directory, error) {
	switch {
	case o.Users == nil || o.Roles == nil || o.Tokens == nil || o.Events == nil || o.Queue == nil:
		return nil, errors.New("account: a store is missing")
	case o.Passwords == nil:
		return nil, errors.New("account: the password hasher is missing")
	case o.MinPassword < 1:
		return nil, errors.New("account: the minimum password length must be at least 1")
	case o.Now == nil || o.Log == nil:
		return nil, errors.New("account: the clock or the log is missing")
	}
	return &Directory{
		users: o.Users, roles: o.Roles, tokens: o.Tokens, events: o.Events, queue: o.Queue, passwords: o.Passwords,
		minPassword: o.MinPassword, noMail: o.NoMail, clock: o.Now, log: o.Log,
	}, nil
}

// now returns the time in UTC and whole seconds, as accounts store it.
func (d *Directory) now() time.Time { return d.clock().UTC().Truncate(time.Second) }

// Service adds to a Directory what users do for themselves, with rate limits.
type Service struct {
	*Directory

	limits           Limiter
	refusals         *refusals
	signup           bool
	requireConfirmed bool
}

// Options are what a Service needs beside a Directory. Limits is required.
type Options struct {
	Limits        Limiter
	Signup        bool // anyone may sign up
	VerifiedEmail bool // only users with a confirmed email address may sign in
}

// New returns a Service over a Directory.
func New(d *Directory, o Options) (*Service, error) {
	if d == nil || o.Limits == nil {
		return nil, errors.New("account: a service needs a directory and a rate limiter")
	}
	return &Service{Directory: d, limits: o.Limits, refusals: newRefusals(), signup: o.Signup, requireConfirmed: o.VerifiedEmail}, nil
}
