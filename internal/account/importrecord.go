package account

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Record is a user as he is written down to be moved: import reads it, export writes it. What export
// writes, import reads back to the same user; only his sessions stay behind.
type Record struct {
	ID            string    `json:"id,omitempty"` // UUID; empty: a new one
	Username      string    `json:"username"`
	Email         string    `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	Name          string    `json:"name,omitempty"`
	Picture       string    `json:"picture,omitempty"`
	Roles         []string  `json:"roles"`            // nil: ROLE_USER
	Active        *bool     `json:"active,omitempty"` // nil: yes
	DisabledUntil time.Time `json:"disabled_until,omitzero"`
	PasswordHash  string    `json:"password_hash,omitempty"` // in any form that Passwords can verify
	Password      string    `json:"-"`                       // instead of a hash; read, and never written
	CreatedAt     time.Time `json:"created_at,omitzero"`     // zero: now
	UpdatedAt     time.Time `json:"updated_at,omitzero"`     // zero: now
}

// recordField is a member of a record: its name, which is the same in JSON and CSV, and its place.
type recordField struct {
	name  string
	place func(*Record) any // *string, *bool, **bool, *[]string or *time.Time
}

// recordFields are all members, in the order of the columns of an export.
var recordFields = []recordField{
	{"id", func(r *Record) any { return &r.ID }},
	{"username", func(r *Record) any { return &r.Username }},
	{"email", func(r *Record) any { return &r.Email }},
	{"email_verified", func(r *Record) any { return &r.EmailVerified }},
	{"name", func(r *Record) any { return &r.Name }},
	{"picture", func(r *Record) any { return &r.Picture }},
	{"roles", func(r *Record) any { return &r.Roles }},
	{"active", func(r *Record) any { return &r.Active }},
	{"disabled_until", func(r *Record) any { return &r.DisabledUntil }},
	{"created_at", func(r *Record) any { return &r.CreatedAt }},
	{"updated_at", func(r *Record) any { return &r.UpdatedAt }},
	{"password_hash", func(r *Record) any { return &r.PasswordHash }},
	{"password", func(r *Record) any { return &r.Password }},
}

// fieldNamed finds a member by its exact name.
func fieldNamed(name string) (recordField, error) {
	i := slices.IndexFunc(recordFields, func(f recordField) bool { return f.name == name })
	if i < 0 {
		return recordField{}, recordFault(name, "there is no such member")
	}
	return recordFields[i], nil
}

// plainName is a name of a member that may be shown as it is.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// recordFault says what is wrong with a member of a record. A name that does strange things to a
// terminal is not repeated.
func recordFault(name, format string, args ...any) error {
	fault := Errorf(InvalidRequest, format, args...)
	if plainName.MatchString(name) {
		fault = fault.At("/" + name)
	}
	return fault
}

// wrongType says what a member has to be.
func (f recordField) wrongType() error {
	should := "a text"
	switch f.place(new(Record)).(type) {
	case *bool, **bool:
		should = "true or false"
	case *[]string:
		should = "a list of names"
	case *time.Time:
		should = "a time as in RFC 3339"
	}
	return recordFault(f.name, "this is not %s", should)
}

// RecordOf writes a user down.
func RecordOf(u User) Record {
	return Record{
		ID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified,
		Name: u.Name, Picture: u.Picture, Roles: append([]string{}, u.Roles...),
		Active: &u.Active, DisabledUntil: u.DisabledUntil,
		PasswordHash: u.PasswordHash, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// clockSkew is how far a time may lie ahead: the other system's clock was not ours.
const clockSkew = 24 * time.Hour

var uuidShape = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// recordUser checks a record, but for what only the store knows, and makes the user of it.
func (s *Service) recordUser(r Record) (User, error) {
	u, err := s.newUser(NewUser{Username: r.Username, Email: r.Email, Password: r.Password, Name: r.Name, Picture: r.Picture})
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
	return u, s.checkRecord(r, u)
}

func (s *Service) checkRecord(r Record, u User) error {
	latest := s.now().Add(clockSkew)
	unlikely := func(t time.Time) bool { return t.Unix() < 0 || t.After(latest) }
	switch {
	case !uuidShape.MatchString(u.ID):
		return recordFault("id", "this is not a UUID")
	case slices.ContainsFunc(u.Roles, func(name string) bool { return !roleName.MatchString(name) }):
		return ErrUnknownRole.At("/roles")
	case u.Active && !u.DisabledUntil.IsZero():
		return recordFault("disabled_until", "this stands with active false")
	case unlikely(u.CreatedAt):
		return recordFault("created_at", "this is before 1970 or in the future")
	case unlikely(u.UpdatedAt):
		return recordFault("updated_at", "this is before 1970 or in the future")
	case r.Password != "" && r.PasswordHash != "":
		return recordFault("password", "there is a hash, too")
	case r.PasswordHash == "":
		return nil
	}
	if err := s.passwords.CheckHash(r.PasswordHash); err != nil {
		return recordFault("password_hash", "the hash cannot be taken: %v", err)
	}
	return nil
}

// wholeUTC is a time as accounts keep it; the zero time stays what it is.
func wholeUTC(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
