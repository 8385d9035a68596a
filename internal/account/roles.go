package account

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

var roleName = regexp.MustCompile(`^ROLE_[A-Z0-9_]{1,59}$`)

// Roles returns all roles by name.
func (d *Directory) Roles(ctx context.Context) ([]Role, error) { return d.roles.Roles(ctx) }

// Role returns one role, or ErrUnknownRole.
func (d *Directory) Role(ctx context.Context, name string) (Role, error) {
	return d.roles.RoleByName(ctx, name)
}

// PutRole creates a role or replaces its scopes, and returns it as stored. It returns invalid_role,
// builtin_role for ROLE_ADMIN, which has all scopes, and insufficient_scope; see checkRoleChange.
func (d *Directory) PutRole(ctx context.Context, by Authority, name string, scopes []string) (Role, error) {
	if !roleName.MatchString(name) {
		return Role{}, fault.Errorf(InvalidRole, "a role name is ROLE_ followed by upper-case letters, digits or underscores").At("/name")
	}
	if name == RoleAdmin {
		return Role{}, fault.Errorf(BuiltinRole, "%s is built in and always has all scopes; create another role instead", name)
	}
	if !scope.AllValid(scopes) {
		return Role{}, fault.Errorf(InvalidRole, "a scope contains a character that is not allowed").At("/scopes")
	}
	if err := d.checkRoleChange(ctx, by, name, scopes); err != nil {
		return Role{}, err
	}
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	if err := d.roles.PutRole(ctx, Role{Name: name, Scopes: scopes}, d.roleEvent(ctx, audit.RolePut, name)); err != nil {
		return Role{}, err
	}
	return d.roles.RoleByName(ctx, name)
}

// checkRoleChange returns insufficient_scope unless the administrator has the scopes that the role is to have and
// those that it has. Whoever could take scopes away could take over the users whom they protect; see Managed.
func (d *Directory) checkRoleChange(ctx context.Context, by Authority, name string, scopes []string) error {
	stored, err := d.roles.RoleByName(ctx, name)
	if err != nil && !errors.Is(err, ErrUnknownRole) {
		return err
	}
	return by.CanGive(slices.Concat(scopes, stored.Scopes))
}

// DeleteRole deletes a role and revokes it from all users. It returns unknown_role, builtin_role or
// insufficient_scope; for the reason, see checkRoleChange.
func (d *Directory) DeleteRole(ctx context.Context, by Authority, name string) error {
	role, err := d.roles.RoleByName(ctx, name)
	if err != nil {
		return err
	}
	if role.Builtin {
		return fault.Errorf(BuiltinRole, "%s is built in and cannot be deleted; remove it from users instead", name)
	}
	if err := by.CanGive(role.Scopes); err != nil {
		return err
	}
	return d.roles.DeleteRole(ctx, name, d.roleEvent(ctx, audit.RoleDeleted, name))
}

// roleEvent returns the change of a role itself, as opposed to who has it.
func (d *Directory) roleEvent(ctx context.Context, action audit.Action, role string) audit.Change {
	return audit.Change{Event: audit.New(ctx, d.clock(), action, role, "")}
}
