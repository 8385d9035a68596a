package account

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// The roles that a migration seeds. Others may be added.
const (
	RoleUser      = "ROLE_USER"
	RoleModerator = "ROLE_MODERATOR"
	RoleAdmin     = "ROLE_ADMIN"
)

// User is an account as the store keeps it. Times are UTC in whole seconds.
type User struct {
	ID            string // UUID
	Username      string // as given
	UsernameKey   string // canonical form, unique
	Email         string // as given
	EmailKey      string // canonical form, unique
	EmailVerified bool
	Active        bool      // may sign in; see ActiveAt
	DisabledUntil time.Time // when one who is not active is again; zero: never
	Name          string    // to show, may be empty
	Picture       string    // URL, may be empty
	PasswordHash  string    // PHC string, empty if no password is set
	Roles         []string  // sorted
	Scopes        []string  // the union of what the roles carry, sorted; the store fills it in
	Epoch         int64     // a session whose epoch differs has ended
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// ActiveAt says whether the user may sign in at a time: he was not disabled, or that has ended.
func (u User) ActiveAt(now time.Time) bool {
	return u.Active || !u.DisabledUntil.IsZero() && !now.Before(u.DisabledUntil)
}

// Why a change of the user ends his sessions.
const (
	EndedByPassword = "password_changed"
	EndedByDisable  = "user_disabled"
)

// UserPatch changes what is not nil.
type UserPatch struct {
	Username      *string
	UsernameKey   *string // with Username
	Email         *string
	EmailKey      *string // with Email
	EmailVerified *bool
	Name          *string
	Picture       *string
	Active        *bool
	DisabledUntil *time.Time // the zero time: never
	PasswordHash  *string    // empty: no password works

	EndSessions bool   // counts the epoch up and revokes all sessions but KeepSession
	KeepSession string // takes on the new epoch; may be empty
	Reason      string // why the sessions are revoked
}

// Query asks for users. With Prefix they come by what it matched, otherwise by (CreatedAt, ID).
type Query struct {
	UsernameKey string // exactly
	EmailKey    string // exactly
	Prefix      string // of a canonical username or address
	Role        string
	Active      *bool
	Verified    *bool
	Now         time.Time // at which Active is judged
	After       Position
	Limit       int
}

// Role is a name for scopes that users have together.
type Role struct {
	Name    string
	Scopes  []string // sorted
	Builtin bool     // seeded by a migration
}

// Position is where a page of users begins: after the user made then with that id, or after the
// one that a prefix matched with that key. The zero Position is the beginning.
type Position struct {
	CreatedAt time.Time
	Key       string // the canonical name or address that matched; with a prefix alone
	ID        string
}

// Store keeps users and their roles. Every method is one atomic act, honours ctx, and gives times
// back in UTC. A store that cannot be reached in time answers ErrUnavailable.
type Store interface {
	audit.Log

	// CreateUser stores u with its roles and n. It MUST answer ErrUsernameTaken or ErrEmailTaken when
	// the canonical form is in use (the username first), ErrUnknownRole when a role does not exist,
	// and store nothing then.
	CreateUser(ctx context.Context, u User, n audit.Note) error
	// UserByUsername finds a user by the canonical form of the name, or answers ErrNotFound.
	UserByUsername(ctx context.Context, key string) (User, error)
	// UserByEmail finds a user by the canonical form of the address, or answers ErrNotFound.
	UserByEmail(ctx context.Context, key string) (User, error)
	// UserByID finds a user, or answers ErrNotFound; an id that is no UUID is not found.
	UserByID(ctx context.Context, id string) (User, error)
	// ListUsers gives at most q.Limit users that match, in the order that Query says, and with a
	// Prefix for each the key that it matched, the username before the address.
	ListUsers(ctx context.Context, q Query) ([]User, []string, error)
	// ReplacePasswordHash is a compare-and-swap: it MUST answer ErrNotFound and change nothing when
	// the stored hash is no longer from. Sessions live on: the password is the same.
	ReplacePasswordHash(ctx context.Context, id, from, to string) error
	// UpdateUser changes what p names and stores n. It MUST answer ErrUsernameTaken, ErrEmailTaken, or
	// ErrLastAdmin when p switches the last active ROLE_ADMIN off, also of two at once, and change
	// nothing then. ErrNotFound: no such user.
	UpdateUser(ctx context.Context, id string, p UserPatch, now time.Time, n audit.Note) error
	// DeleteUser deletes a user with roles, tokens and sessions, and stores n. It MUST answer
	// ErrLastAdmin for the last active ROLE_ADMIN. ErrNotFound: no such user.
	DeleteUser(ctx context.Context, id string, now time.Time, n audit.Note) error
	// GrantRole gives a role; having it already is no error and stores no note. ErrNotFound: no such
	// user; ErrUnknownRole: no such role.
	GrantRole(ctx context.Context, id, role string, now time.Time, n audit.Note) error
	// RevokeRole takes a role; not having it is no error and stores no note. It MUST answer
	// ErrLastAdmin when it is ROLE_ADMIN of the last active one. ErrNotFound: no such user;
	// ErrUnknownRole: no such role.
	RevokeRole(ctx context.Context, id, role string, now time.Time, n audit.Note) error
	// ImportUsers stores users that have no account yet, each by itself, and gives for each nil,
	// ErrUsernameTaken, ErrEmailTaken or ErrUnknownRole. One event is kept for all of them.
	ImportUsers(ctx context.Context, users []User, n audit.Note) ([]error, error)

	// PutToken stores a one-time token and deletes an older one of that user and purpose.
	PutToken(ctx context.Context, t Token) error
	// TokenByHash gives a token that has not expired at now, and its user. ErrNotFound: no such token.
	TokenByHash(ctx context.Context, hash []byte, now time.Time) (Token, User, error)
	// UseEmailToken consumes a token of PurposeVerify: its address becomes the user's, and is
	// confirmed. Of many callers one succeeds; the others get ErrNotFound. ErrEmailTaken: somebody
	// else has it by now; the token is not consumed then.
	UseEmailToken(ctx context.Context, hash []byte, now time.Time, n audit.Note) error
	// UseResetToken consumes a token of PurposeReset: the user gets the new hash, the address that the
	// letter went to is confirmed if it still is his, the epoch is counted up and all of his sessions
	// are revoked. Of many callers one succeeds; the others get ErrNotFound.
	UseResetToken(ctx context.Context, hash []byte, passwordHash string, now time.Time, n audit.Note) error
	// PurgeTokens deletes at most limit tokens that expired before a time, and gives their number.
	PurgeTokens(ctx context.Context, before time.Time, limit int) (int, error)
	// Enqueue keeps a job that follows from no change.
	Enqueue(ctx context.Context, j outbox.Job) error

	// Roles gives all roles by name.
	Roles(ctx context.Context) ([]Role, error)
	// RoleByName gives a role, or answers ErrUnknownRole.
	RoleByName(ctx context.Context, name string) (Role, error)
	// PutRole creates a role or changes the scopes of the one with that name; Builtin is not changed.
	PutRole(ctx context.Context, r Role, n audit.Note) error
	// DeleteRole deletes a role and takes it from all users. It MUST answer ErrUnknownRole, or
	// ErrBuiltinRole for a seeded one, and delete nothing then.
	DeleteRole(ctx context.Context, name string, n audit.Note) error
}

// Passwords hashes and verifies passwords and knows which ones are common. It holds no database
// connection, and answers ErrUnavailable when no hashing slot is free in time.
type Passwords interface {
	// Hash makes a PHC string with the current parameters.
	Hash(ctx context.Context, password string) (string, error)
	// Verify compares in constant time. An empty hash is verified against a decoy with the same
	// work and never matches. outdated says that hash should be replaced by a new one.
	Verify(ctx context.Context, hash, password string) (ok, outdated bool, err error)
	// CheckHash says what is wrong with a hash from elsewhere that Verify could not read, or would
	// not for its costs. The error is safe to show: it holds no part of the hash.
	CheckHash(hash string) error
	// Common says whether the password is one that everybody tries first.
	Common(password string) bool
}
