// Package fault defines the one error type of the domain.
//
// It owns the type ([Error]: a code for programs, a text that is safe to show, a hidden cause) and the
// codes that belong to no room in particular. Each room defines the codes of its own subject next to
// the rules that use them. The HTTP status of a code is known only to httpapi.
package fault
