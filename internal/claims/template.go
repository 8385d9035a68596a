package claims

import (
	"errors"
	"fmt"
	"strings"
)

// User has the fields that templates may name.
type User struct {
	ID            string
	Username      string
	Email         string
	EmailVerified bool
	Name          string
	Picture       string
	Roles         []string
}

// field is a field of a user.
type field struct {
	name  string
	text  bool // its value is a string, so that it may be part of a longer one
	value func(User) any
}

// fields are all fields, in the order of the errors that list them.
var fields = []field{
	{"user.id", true, func(u User) any { return u.ID }},
	{"user.username", true, func(u User) any { return u.Username }},
	{"user.email", true, func(u User) any { return u.Email }},
	{"user.email_verified", false, func(u User) any { return u.EmailVerified }},
	{"user.name", true, func(u User) any { return u.Name }},
	{"user.picture", true, func(u User) any { return u.Picture }},
	{"user.roles", false, func(u User) any { return append([]string{}, u.Roles...) }}, // never null
}

// The marks around a field.
const (
	opening = "{{"
	closing = "}}"
)

// template is a string with fields: either one field alone, whose value may be of any type, or texts and
// fields that are strings.
type template []part

type part struct {
	literal string
	field   *field // nil: the literal
}

// parseTemplate returns nil for a string without a template.
func parseTemplate(s string) (template, error) {
	var t template
	dynamic := false
	for rest := s; rest != ""; {
		literal, after, found := strings.Cut(rest, opening)
		if strings.Contains(literal, closing) {
			return nil, errors.New("a template ends with }} but does not begin with {{")
		}
		if literal != "" {
			t = append(t, part{literal: literal})
		}
		if !found {
			break
		}
		name, next, closed := strings.Cut(after, closing)
		if !closed {
			return nil, errors.New("a template begins with {{ but does not end with }}")
		}
		f, err := fieldNamed(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		t, rest, dynamic = append(t, part{field: f}), next, true
	}
	if !dynamic {
		return nil, nil
	}
	return t, t.check()
}

// check refuses fields that are no strings within a longer string.
func (t template) check() error {
	for _, p := range t {
		if len(t) > 1 && p.field != nil && !p.field.text {
			return fmt.Errorf("{{%s}} is not a string; it must be the whole value", p.field.name)
		}
	}
	return nil
}

func fieldNamed(name string) (*field, error) {
	names := make([]string, len(fields))
	for i := range fields {
		if fields[i].name == name {
			return &fields[i], nil
		}
		names[i] = fields[i].name
	}
	return nil, fmt.Errorf("the field %q is unknown; choose one of these: %s", shorten(name), strings.Join(names, ", "))
}

const maxShown = 40 // bytes of an unknown field in an error

func shorten(name string) string {
	if len(name) > maxShown {
		return strings.ToValidUTF8(name[:maxShown], "") + "…"
	}
	return name
}

func (t template) render(u User) any {
	if len(t) == 1 {
		return t[0].field.value(u)
	}
	var b strings.Builder
	for _, p := range t {
		if p.field == nil {
			b.WriteString(p.literal)
			continue
		}
		text, _ := p.field.value(u).(string) // check allows no other type here
		b.WriteString(text)
	}
	return b.String()
}
