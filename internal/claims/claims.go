package claims

import (
	"slices"
	"strings"
)

// The limits on extra claims.
const (
	MaxSize  = 4096 // bytes of JSON without white space
	MaxCount = 32   // claims
	MaxDepth = 5    // objects and arrays within each other, the set itself included
)

// Reserved are the names that extra claims cannot have: the claims that the service sets, and those
// whose meaning is a promise that only the service can make (RFC 7519 §4.1, RFC 9068 §2.2, RFC 7800,
// RFC 8693, OpenID Connect Core §2). Sorted.
var Reserved = []string{
	"acr", "act", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "client_id", "cnf", "exp", "iat", "iss",
	"jti", "may_act", "nbf", "nonce", "roles", "scope", "sid", "sub",
}

// Set is a set of extra claims. The zero Set is empty.
type Set struct {
	members map[string]any
	text    string
	dynamic bool
}

// Text returns the set as JSON without white space, or "" for the empty set. Parse reads it again.
func (s Set) Text() string { return s.text }

// Dynamic reports whether a claim depends on the user.
func (s Set) Dynamic() bool { return s.dynamic }

// Render returns the claims for a user, as values that encoding/json encodes. It returns nil for the
// empty set.
func (s Set) Render(u User) map[string]any {
	if len(s.members) == 0 {
		return nil
	}
	rendered, _ := render(s.members, u).(map[string]any)
	return rendered
}

func render(node any, u User) any {
	switch node := node.(type) {
	case map[string]any:
		object := make(map[string]any, len(node))
		for name, value := range node {
			object[name] = render(value, u)
		}
		return object
	case []any:
		array := make([]any, len(node))
		for i, value := range node {
			array[i] = render(value, u)
		}
		return array
	case template:
		return node.render(u)
	default: // the same for every user
		return node
	}
}

// Error says what is wrong with extra claims. It contains names and fields, never a value.
type Error struct {
	Pointer string // where, as a JSON pointer (RFC 6901); empty: in the whole
	Text    string
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

func reserved(name string) bool {
	_, found := slices.BinarySearch(Reserved, name)
	return found
}

// pointer returns the JSON pointer of a member.
func pointer(parent, name string) string {
	return parent + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
