package account

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// Every method of the stores is one atomic act, honours ctx and returns times in UTC. It stores the
// audit.Change in the same transaction. A store that cannot be reached in time returns
// fault.ErrUnavailable.

// UserStore stores users.
type UserStore interface {
	// CreateUser stores u with its roles. It MUST return ErrUsernameTaken or ErrEmailTaken when the
	// canonical form is in use (the username first), ErrUnknownRole when a role does not exist, and
	// store nothing then.
	CreateUser(ctx context.Context, u User, c audit.Change) error
	// UserByUsername returns the user with that canonical username, or fault.ErrNotFound.
	UserByUsername(ctx context.Context, key string) (User, error)
	// UserByEmail returns the user with that canonical email address, or fault.ErrNotFound.
	UserByEmail(ctx context.Context, key string) (User, error)
	// UserByID returns a user, or fault.ErrNotFound; an id that is not a UUID is not found.
	UserByID(ctx context.Context, id string) (User, error)
	// ListUsers returns at most q.Limit matching users in the order that Query defines, and for a
	// Prefix the key that each user matched: the username rather than the email address.
	ListUsers(ctx context.Context, q Query) ([]User, []string, error)
	// ReplacePasswordHash is a compare-and-swap: it MUST return fault.ErrNotFound and change nothing
	// when the stored hash is no longer from. Sessions continue: the password is the same.
	ReplacePasswordHash(ctx context.Context, id, from, to string) error
	// UpdateUser changes the fields that p names. It MUST return ErrUsernameTaken, ErrEmailTaken, or
	// ErrLastAdmin when p disables the last active ROLE_ADMIN, even if two are disabled at once, and
	// change nothing then. fault.ErrNotFound: no such user.
	UpdateUser(ctx context.Context, id string, p UserPatch, now time.Time, c audit.Change) error
	// DeleteUser deletes a user with its roles, tokens and sessions. It MUST return ErrLastAdmin for
	// the last active ROLE_ADMIN. fault.ErrNotFound: no such user.
	DeleteUser(ctx context.Context, id string, now time.Time, c audit.Change) error
	// ImportUsers stores users, each on its own, and returns for each nil, ErrUsernameTaken,
	// ErrEmailTaken or ErrUnknownRole. One event covers them all.
	ImportUsers(ctx context.Context, users []User, c audit.Change) ([]error, error)
}

// RoleStore stores roles and who has them.
type RoleStore interface {
	// Roles returns all roles by name.
	Roles(ctx context.Context) ([]Role, error)
	// RoleByName returns a role, or ErrUnknownRole.
	RoleByName(ctx context.Context, name string) (Role, error)
	// PutRole creates a role or replaces the scopes of the one with that name; Builtin does not change.
	PutRole(ctx context.Context, r Role, c audit.Change) error
	// DeleteRole deletes a role and revokes it from all users. It MUST return ErrUnknownRole, or
	// ErrBuiltinRole for a seeded role, and delete nothing then.
	DeleteRole(ctx context.Context, name string, c audit.Change) error
	// GrantRole grants a role. If the user has it already, it stores nothing and returns nil.
	// fault.ErrNotFound: no such user; ErrUnknownRole: no such role.
	GrantRole(ctx context.Context, id, role string, now time.Time, c audit.Change) error
	// RevokeRole revokes a role. If the user does not have it, it stores nothing and returns nil. It
	// MUST return ErrLastAdmin for ROLE_ADMIN of its last active holder. fault.ErrNotFound: no such
	// user; ErrUnknownRole: no such role.
	RevokeRole(ctx context.Context, id, role string, now time.Time, c audit.Change) error
}

// OneTimeTokenStore stores the hashes of one-time tokens.
type OneTimeTokenStore interface {
	// PutOneTimeToken stores a token and deletes an older one of the same user and purpose.
	PutOneTimeToken(ctx context.Context, t OneTimeToken) error
	// OneTimeTokenByHash returns a token that has not expired at now, and its user.
	// fault.ErrNotFound: no such token.
	OneTimeTokenByHash(ctx context.Context, hash []byte, now time.Time) (OneTimeToken, User, error)
	// UseVerifyToken consumes a token of PurposeVerify: its email address becomes the user's and is
	// confirmed. Of many callers one succeeds; the others get fault.ErrNotFound. ErrEmailTaken:
	// another user has the address by now; the token is not consumed then.
	UseVerifyToken(ctx context.Context, hash []byte, now time.Time, c audit.Change) error
	// UseResetToken consumes a token of PurposeReset: the user gets the new password hash, the email
	// address the token was sent to is confirmed if it is still the user's, the epoch is incremented
	// and all sessions are revoked. Of many callers one succeeds; the others get fault.ErrNotFound.
	UseResetToken(ctx context.Context, hash []byte, passwordHash string, now time.Time, c audit.Change) error
	// PurgeOneTimeTokens deletes at most limit tokens that expired before a time and returns their number.
	PurgeOneTimeTokens(ctx context.Context, before time.Time, limit int) (int, error)
}

// Events stores audit events that belong to no change.
type Events interface {
	AppendEvent(ctx context.Context, e audit.Event) error
}

// Queue takes jobs that follow from no change.
type Queue interface {
	Enqueue(ctx context.Context, j outbox.Job) error
}

// Passwords hashes and verifies passwords and knows the common ones. It holds no database connection
// and returns fault.ErrUnavailable when no hashing slot is free in time.
type Passwords interface {
	// Hash returns a PHC string with the current parameters.
	Hash(ctx context.Context, password string) (string, error)
	// Verify compares in constant time. An empty hash is verified against a decoy with the same work
	// and never matches. outdated reports that the hash should be replaced by a new one.
	Verify(ctx context.Context, hash, password string) (ok, outdated bool, err error)
	// Reserve takes a place in the queue for a Hash or Verify with the context that it returns, which are then
	// not refused because the queue is full. It returns fault.ErrUnavailable if it is. If ctx has a place, it
	// is that one. After a nil error the caller must call leave.
	Reserve(ctx context.Context) (reserved context.Context, leave func(), err error)
	// CheckHash returns an error for a hash that Verify could not read or would refuse for its cost.
	// The error is safe to show: it contains no part of the hash.
	CheckHash(hash string) error
	// Common reports whether the password is one of the most common ones.
	Common(password string) bool
}

// LoginLimiter counts attempts to log in. Networks and devices from which a user has signed in are
// counted apart from all others, so that strangers who use up their attempts do not lock out the user.
type LoginLimiter interface {
	// CountLogin counts a presented password, for the caller's network and under a counter, which is for the other methods
	// and opaque. epoch is 0 for an unknown user, device is a DeviceHint or empty. wait is as for Limiter.
	CountLogin(ctx context.Context, address, user string, epoch int64, device, password string) (counter any, wait time.Duration, err error)
	// LoginSucceeded refunds the attempt, and makes the caller's network known for the user, unless a device was recognized.
	LoginSucceeded(ctx context.Context, address string, counter any) error
	// LoginFailed remembers a wrong password for a moment: clients that probe how to authenticate
	// send it twice, and it counts once.
	LoginFailed(counter any, password string)
	// RefundLogin takes back a CountLogin whose password was not verified after all.
	RefundLogin(ctx context.Context, address string, counter any) error
	// DeviceHint returns a text that CountLogin recognizes for the user until the epoch changes or
	// the lifetime ends.
	DeviceHint(user string, epoch int64, lifetime time.Duration) string
}

// Limiter counts attempts. wait is 0 when an attempt is allowed, otherwise the time until the next one
// is. Attempts are counted before they are made, so that many at once cannot exceed a limit.
type Limiter interface {
	LoginLimiter
	// CountMessage counts a requested email, for the caller's network and for the recipient.
	CountMessage(ctx context.Context, address, email string) (wait time.Duration, err error)
	// CountSignup counts a sign-up or a new username from the caller's network, so that taken names cannot be found out
	// by the thousand.
	CountSignup(ctx context.Context, address string) (wait time.Duration, err error)
	// RefundSignup takes back a CountSignup.
	RefundSignup(ctx context.Context, address string) error
}
