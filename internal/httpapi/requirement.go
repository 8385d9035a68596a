package httpapi

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Requirement returns what the contract demands of the access token of an operation. The operation is
// named by its id, such as listUsers, or as METHOD PATH, such as "GET /api/users/42".
func Requirement(name string) (oauth.Requirement, error) {
	main, err := mainContract()
	if err != nil {
		return oauth.Requirement{}, err
	}
	return main.operations.requirement(name)
}

// requirement returns what the named operation demands. An id goes before a route, and a route without
// parameters before one with them.
func (all operations) requirement(name string) (oauth.Requirement, error) {
	for _, fits := range []func(route string) bool{
		func(route string) bool { return all[route].id == name },
		func(route string) bool { return !strings.Contains(route, ":") && matchesRoute(route, name) },
		func(route string) bool { return matchesRoute(route, name) },
	} {
		for _, route := range slices.Sorted(maps.Keys(all)) {
			if op := all[route]; fits(route) {
				return oauth.Requirement{Scopes: op.scopes, AnyRole: op.roles, AnyToken: op.guarded}, nil
			}
		}
	}
	if similar := similarOperation(all, name); similar != "" {
		return oauth.Requirement{}, fmt.Errorf("unknown operation %q, did you mean %s?", name, similar)
	}
	return oauth.Requirement{}, fmt.Errorf("unknown operation %q; name it by its operationId, such as listUsers, or as 'GET /api/users'", name)
}

// matchesRoute reports whether METHOD PATH is a request to a route. The path may be a whole URL.
func matchesRoute(route, name string) bool {
	method, address, _ := strings.Cut(strings.TrimSpace(name), " ")
	wantMethod, path, _ := strings.Cut(route, " ")
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || !strings.EqualFold(method, wantMethod) {
		return false
	}
	want, got := strings.Split(path, "/"), strings.Split(u.Path, "/")
	return slices.EqualFunc(want, got, func(a, b string) bool { return a == b || strings.HasPrefix(a, ":") && b != "" })
}

// similarOperation returns an operation whose id or path contains the name, or "".
func similarOperation(all operations, name string) string {
	_, path, found := strings.Cut(name, " ")
	if !found {
		path = name
	}
	path = strings.ToLower(path)
	if len(path) < 4 { // everything would be similar
		return ""
	}
	for _, route := range slices.Sorted(maps.Keys(all)) {
		if id := strings.ToLower(all[route].id); strings.Contains(id, path) || strings.Contains(strings.ToLower(route), path) || strings.Contains(path, id) {
			return fmt.Sprintf("%s (%s)", all[route].id, route)
		}
	}
	return ""
}
