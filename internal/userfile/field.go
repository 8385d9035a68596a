package userfile

import (
	"regexp"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// field is a field of a record: its name, which is the same in JSON and CSV, and where its value is.
type field struct {
	name  string
	value func(*account.Record) any // *string, *bool, **bool, *[]string or *time.Time
}

// fields are all fields, in the order of the columns of an export.
var fields = []field{
	{"id", func(r *account.Record) any { return &r.ID }},
	{"username", func(r *account.Record) any { return &r.Username }},
	{"email", func(r *account.Record) any { return &r.Email }},
	{"email_verified", func(r *account.Record) any { return &r.EmailVerified }},
	{"name", func(r *account.Record) any { return &r.Name }},
	{"picture", func(r *account.Record) any { return &r.Picture }},
	{"roles", func(r *account.Record) any { return &r.Roles }},
	{"active", func(r *account.Record) any { return &r.Active }},
	{"disabled_until", func(r *account.Record) any { return &r.DisabledUntil }},
	{"created_at", func(r *account.Record) any { return &r.CreatedAt }},
	{"updated_at", func(r *account.Record) any { return &r.UpdatedAt }},
	{"password_hash", func(r *account.Record) any { return &r.PasswordHash }},
	{"password", func(r *account.Record) any { return &r.Password }},
}

// fieldNamed returns the field with exactly that name.
func fieldNamed(name string) (field, error) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, invalidField(name, "unknown field")
	}
	return fields[i], nil
}

// plainName matches field names that are safe to print.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// invalidField returns an error that points to a field. A name that could control a terminal is left
// out.
func invalidField(name, format string, args ...any) error {
	err := fault.Errorf(fault.InvalidRequest, format, args...)
	if plainName.MatchString(name) {
		err = err.At("/" + name)
	}
	return err
}

// wrongType returns an error that names the expected type.
func (f field) wrongType() error {
	expected := "a string"
	switch f.value(new(account.Record)).(type) {
	case *bool, **bool:
		expected = "true or false"
	case *[]string:
		expected = "a list of strings"
	case *time.Time:
		expected = "a time in RFC 3339 format"
	}
	return invalidField(f.name, "expected %s", expected)
}
