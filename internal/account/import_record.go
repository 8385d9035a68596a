package account

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Record is a user in an import or export. Importing an exported record gives the same user again,
// without sessions.
type Record struct {
	ID            string    `json:"id,omitempty"` // UUID; empty: a new one is created
	Username      string    `json:"username"`     // empty: one is generated
	Email         string    `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	Name          string    `json:"name,omitempty"`
	Picture       string    `json:"picture,omitempty"`
	Roles         []string  `json:"roles"`            // nil: ROLE_USER
	Active        *bool     `json:"active,omitempty"` // nil: yes
	DisabledUntil time.Time `json:"disabled_until,omitzero"`
	PasswordHash  string    `json:"password_hash,omitempty"` // in any format that Passwords can verify
	Password      string    `json:"-"`                       // instead of a hash; imported, never exported
	CreatedAt     time.Time `json:"created_at,omitzero"`     // zero: now
	UpdatedAt     time.Time `json:"updated_at,omitzero"`     // zero: now
}

// RecordOf returns the record of a user.
func RecordOf(u User) Record {
	return Record{
		ID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified,
		Name: u.Name, Picture: u.Picture, Roles: append([]string{}, u.Roles...),
		Active: &u.Active, DisabledUntil: u.DisabledUntil,
		PasswordHash: u.PasswordHash, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// clockSkew is how far in the future a time may be: the other system has another clock.
const clockSkew = 24 * time.Hour

// recordUser validates a record, except for what only the store knows, and returns its user.
func (d *Directory) recordUser(r Record) (User, error) {
	u, err := d.newUser(NewUser{Username: r.Username, Email: r.Email, Password: r.Password, Name: r.Name, Picture: r.Picture})
	if err != nil {
		return User{}, err
	}
	u.EmailVerified = r.EmailVerified
	if r.ID != "" {
		u.ID = strings.ToLower(r.ID)
	}
	if r.Roles != nil {
		u.Roles = slices.Compact(slices.Sorted(slices.Values(r.Roles)))
	}
	u.Active = r.Active == nil || *r.Active
	u.DisabledUntil = wholeUTC(r.DisabledUntil)
	u.PasswordHash = r.PasswordHash
	if !r.CreatedAt.IsZero() {
		u.CreatedAt = wholeUTC(r.CreatedAt)
	}
	if !r.UpdatedAt.IsZero() {
		u.UpdatedAt = wholeUTC(r.UpdatedAt)
	}
	return u, d.checkRecord(r, u)
}

func (d *Directory) checkRecord(r Record, u User) error {
	latest := d.clock().Add(clockSkew)
	unlikely := func(t time.Time) bool { return t.Unix() < 0 || t.After(latest) }
	switch {
	case len(u.ID) != 36 || uuid.Validate(u.ID) != nil:
		return invalidField("id", "not a UUID")
	case slices.ContainsFunc(u.Roles, func(name string) bool { return !roleName.MatchString(name) }):
		return ErrUnknownRole.At("/roles")
	case u.Active && !u.DisabledUntil.IsZero():
		return invalidField("disabled_until", "disabled_until requires active to be false")
	case unlikely(u.CreatedAt):
		return invalidField("created_at", "the time is before 1970 or in the future")
	case unlikely(u.UpdatedAt):
		return invalidField("updated_at", "the time is before 1970 or in the future")
	case r.Password != "" && r.PasswordHash != "":
		return invalidField("password", "give either a password or a password hash")
	case r.PasswordHash == "":
		return nil
	}
	if err := d.passwords.CheckHash(r.PasswordHash); err != nil {
		return invalidField("password_hash", "unusable password hash: %v", err)
	}
	return nil
}

// invalidField returns an error that points to a field of a record.
func invalidField(name, format string, args ...any) error {
	return fault.Errorf(fault.InvalidRequest, format, args...).At("/" + name)
}

// wholeUTC returns a time in UTC and whole seconds; the zero time stays zero.
func wholeUTC(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
