// Package scope implements the grammar of OAuth scopes and the operations on sets of them
// (RFC 6749 §3.3).
//
// It does not know which scopes exist or who may have them: roles carry scopes in account, and grants
// decide about them in oauth.
package scope

import (
	"slices"
	"strings"
)

// Valid reports whether s is one scope-token: one or more NQCHARs (RFC 6749 appendix A.4).
func Valid(s string) bool { return s != "" && !strings.ContainsFunc(s, notAllowed) }

// AllValid reports whether every element is a scope-token.
func AllValid(scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(s string) bool { return !Valid(s) })
}

// Parse splits a scope parameter. Duplicates and extra spaces collapse. ok is false if a character is
// not allowed in a scope.
func Parse(parameter string) (scopes []string, ok bool) {
	for token := range strings.SplitSeq(parameter, " ") {
		if token == "" || slices.Contains(scopes, token) {
			continue
		}
		if !Valid(token) {
			return nil, false
		}
		scopes = append(scopes, token)
	}
	return scopes, true
}

// Join is the inverse of Parse.
func Join(scopes []string) string { return strings.Join(scopes, " ") }

// Subset reports whether all contains every element of some.
func Subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// Intersect returns the elements of a that b contains, in the order of a.
func Intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// Without returns the elements of all except one.
func Without(all []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == one })
}

func notAllowed(r rune) bool { return r < 0x21 || r == '"' || r == '\\' || r > 0x7e }
