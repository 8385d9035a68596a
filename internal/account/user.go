package account

import (
	"context"
	"time"
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
	Active        bool
	Name          string   // to show, may be empty
	Picture       string   // URL, may be empty
	PasswordHash  string   // PHC string, empty if no password is set
	Roles         []string // sorted
	Scopes        []string // the union of what the roles carry, sorted; the store fills it in
	Epoch         int64    // a session whose epoch differs has ended
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Role is a name for scopes that users have together.
type Role struct {
	Name    string
	Scopes  []string // sorted
	Builtin bool     // seeded by a migration
}

// Position is where a page of users begins: after the user made then with that id.
// The zero Position is the beginning.
type Position struct {
	CreatedAt time.Time
	ID        string
}

// Store keeps users and their roles. Every method is one atomic act, honours ctx, and gives times
// back in UTC. A store that cannot be reached in time answers ErrUnavailable.
type Store interface {
	// CreateUser stores u with its roles. It MUST answer ErrUsernameTaken or ErrEmailTaken when the
	// canonical form is in use (the username first), ErrUnknownRole when a role does not exist, and
	// store nothing then.
	CreateUser(ctx context.Context, u User) error
	// UserByUsername finds a user by the canonical form of the name, or answers ErrNotFound.
	UserByUsername(ctx context.Context, key string) (User, error)
	// UserByEmail finds a user by the canonical form of the address, or answers ErrNotFound.
	UserByEmail(ctx context.Context, key string) (User, error)
	// UserByID finds a user, or answers ErrNotFound; an id that is no UUID is not found.
	UserByID(ctx context.Context, id string) (User, error)
	// ListUsers gives at most limit users after a position, ordered by (CreatedAt, ID).
	ListUsers(ctx context.Context, after Position, limit int) ([]User, error)
	// ReplacePasswordHash is a compare-and-swap: it MUST answer ErrNotFound and change nothing when
	// the stored hash is no longer from. Sessions live on: the password is the same.
	ReplacePasswordHash(ctx context.Context, id, from, to string) error
	// GrantRole gives a role; having it already is no error. ErrNotFound: no such user;
	// ErrUnknownRole: no such role.
	GrantRole(ctx context.Context, id, role string, now time.Time) error
	// RevokeRole takes a role; not having it is no error. ErrNotFound: no such user;
	// ErrUnknownRole: no such role.
	RevokeRole(ctx context.Context, id, role string, now time.Time) error
	// SetPassword stores a new hash and counts the epoch up. In the same act it revokes the user's
	// sessions but one, which may be empty and takes on the new epoch. ErrNotFound: no such user.
	SetPassword(ctx context.Context, id, hash, keepSession string, now time.Time) error
	// SetActive lets a user sign in or not. Switching off counts the epoch up and revokes all of his
	// sessions in the same act. ErrNotFound: no such user.
	SetActive(ctx context.Context, id string, active bool, now time.Time) error
	// DeleteUser deletes a user with roles and sessions. ErrNotFound: no such user.
	DeleteUser(ctx context.Context, id string) error

	// Roles gives all roles by name.
	Roles(ctx context.Context) ([]Role, error)
	// RoleByName gives a role, or answers ErrUnknownRole.
	RoleByName(ctx context.Context, name string) (Role, error)
	// PutRole creates a role or changes the scopes of the one with that name; Builtin is not changed.
	PutRole(ctx context.Context, r Role) error
	// DeleteRole deletes a role and takes it from all users. It MUST answer ErrUnknownRole, or
	// ErrBuiltinRole for a seeded one, and delete nothing then.
	DeleteRole(ctx context.Context, name string) error
}

// Passwords hashes and verifies passwords and knows which ones are common. It holds no database
// connection, and answers ErrUnavailable when no hashing slot is free in time.
type Passwords interface {
	// Hash makes a PHC string with the current parameters.
	Hash(ctx context.Context, password string) (string, error)
	// Verify compares in constant time. An empty hash is verified against a decoy with the same
	// work and never matches. outdated says that hash should be replaced by a new one.
	Verify(ctx context.Context, hash, password string) (ok, outdated bool, err error)
	// Common says whether the password is one that everybody tries first.
	Common(password string) bool
}
