package account

import "time"

// User is an account as it is stored. Times are UTC in whole seconds.
type User struct {
	ID            string // UUID
	Username      string // as given
	UsernameKey   string // canonical form, unique
	Email         string // as given
	EmailKey      string // canonical form, unique
	EmailVerified bool
	Active        bool      // may sign in; see ActiveAt
	DisabledUntil time.Time // when a disabled user becomes active again; zero: never
	Name          string    // display name, may be empty
	Picture       string    // URL, may be empty
	PasswordHash  string    // PHC string; empty if no password is set
	Roles         []string  // sorted
	Scopes        []string  // the union of the roles' scopes, sorted; filled in by the store
	Epoch         int64     // a session with another epoch has ended
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// ActiveAt reports whether the user may sign in at now: it is not disabled, or no longer.
func (u User) ActiveAt(now time.Time) bool {
	return u.Active || !u.DisabledUntil.IsZero() && !now.Before(u.DisabledUntil)
}

// Reasons for which a change of the user ends its sessions.
const (
	EndedByPassword = "password_changed"
	EndedByDisable  = "user_disabled"
)

// UserPatch changes the fields that are not nil.
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

	EndSessions bool   // increments the epoch and revokes all sessions except KeepSession
	KeepSession string // takes on the new epoch; may be empty
	Reason      string // why the sessions are revoked
}

// canonical fills in the canonical forms of the fields that p names.
func (p *UserPatch) canonical() error {
	if p.Username != nil {
		key, err := usernameKey(*p.Username)
		if err != nil {
			return err
		}
		p.UsernameKey = &key
	}
	if p.Email != nil {
		key, err := emailKey(*p.Email)
		if err != nil {
			return err
		}
		p.EmailKey = &key
	}
	return nil
}

// Query selects users. With a Prefix they are ordered by what it matched, otherwise by (CreatedAt, ID).
type Query struct {
	UsernameKey string // exact
	EmailKey    string // exact
	Prefix      string // of a canonical username or email address
	Role        string
	Active      *bool
	Verified    *bool
	Now         time.Time // when Active is judged
	After       Position
	Limit       int
}

// canonical returns q with its names and addresses in canonical form.
func (q Query) canonical() (Query, error) {
	var err error
	if q.UsernameKey != "" {
		if q.UsernameKey, err = usernameKey(q.UsernameKey); err != nil {
			return q, err
		}
	}
	if q.EmailKey != "" {
		if q.EmailKey, err = emailKey(q.EmailKey); err != nil {
			return q, err
		}
	}
	if q.Prefix != "" {
		q.Prefix, _, _ = loginKey(q.Prefix)
	}
	return q, nil
}

// Position is the user after which a page begins. The zero Position is the beginning.
type Position struct {
	CreatedAt time.Time
	Key       string // the canonical username or email address that matched a Prefix
	ID        string
}

// Role is a named set of scopes.
type Role struct {
	Name    string
	Scopes  []string // sorted
	Builtin bool     // seeded by a migration
}

// The roles that a migration seeds. Others may be added.
const (
	RoleUser      = "ROLE_USER"
	RoleModerator = "ROLE_MODERATOR"
	RoleAdmin     = "ROLE_ADMIN"
)
