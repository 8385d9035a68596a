package oauth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// Authority is the set of scopes that an administrator may pass on: those it has itself. The zero
// Authority passes on nothing.
type Authority struct {
	scopes   []string
	operator bool
}

// Operator is the authority of the commands: someone with access to the database.
var Operator = Authority{operator: true}

// Authority returns what the principal may pass on.
func (p Principal) Authority() Authority { return Authority{scopes: p.Claims.Scopes} }

// CanGive returns insufficient_scope, which names what is missing, unless all scopes may be passed on. Nobody
// gains scopes by way of a role or a client.
func (a Authority) CanGive(scopes []string) error {
	if a.operator || scope.Subset(scopes, a.scopes) {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return slices.Contains(a.scopes, s) })
	return fault.Errorf(fault.InsufficientScope, "your token must have every scope of the user, role or client, and lacks: %s; "+
		"get a token with these scopes, or use `latchkey user`, `latchkey role` or `latchkey client` on the server", named(missing))
}

// maxNamed is how many bytes of scopes an error names, because its text becomes a header.
const maxNamed = 256

// named returns the scopes by name, as many as fit, and how many more there are.
func named(scopes []string) string {
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	text := ""
	for i, s := range scopes {
		if len(text)+len(s) > maxNamed {
			return fmt.Sprintf("%s... (%d more)", text, len(scopes)-i)
		}
		text += s + " "
	}
	return strings.TrimSuffix(text, " ")
}
