package oauth

import (
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

// CanGive returns insufficient_scope unless all scopes may be passed on. Nobody gains scopes by way of
// a role or a client.
func (a Authority) CanGive(scopes []string) error {
	if a.operator || scope.Subset(scopes, a.scopes) {
		return nil
	}
	return fault.Errorf(fault.InsufficientScope, "you can only grant scopes that you have yourself")
}
