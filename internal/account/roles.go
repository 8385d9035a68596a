package account

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

var roleName = regexp.MustCompile(`^ROLE_[A-Z0-9_]{1,59}$`)

// Authority is what somebody may hand on.
type Authority interface {
	// CanGive answers insufficient_scope for scopes that may not be handed on.
	CanGive(scopes []string) error
}

// Roles gives all roles by name.
func (s *Service) Roles(ctx context.Context) ([]Role, error) { return s.store.Roles(ctx) }

// Role gives one role, or ErrNotFound.
func (s *Service) Role(ctx context.Context, name string) (Role, error) {
	return s.store.RoleByName(ctx, name)
}

// PutRole creates a role or changes its scopes, and gives it as it is then. It answers invalid_role,
// builtin_role for ROLE_ADMIN, which has all scopes, and insufficient_scope.
func (s *Service) PutRole(ctx context.Context, by Authority, name string, scopes []string) (Role, error) {
	if !roleName.MatchString(name) {
		return Role{}, Errorf(InvalidRole, "a role is named ROLE_ and then upper-case letters, digits or underscores").At("/name")
	}
	if name == RoleAdmin {
		return Role{}, ErrBuiltinRole
	}
	if slices.ContainsFunc(scopes, func(scope string) bool { return scope == "" || strings.ContainsFunc(scope, NotScopeChar) }) {
		return Role{}, Errorf(InvalidRole, "a scope has a character that is not allowed in one").At("/scopes")
	}
	if err := by.CanGive(scopes); err != nil {
		return Role{}, err
	}
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	if err := s.store.PutRole(ctx, Role{Name: name, Scopes: scopes}, s.roleEvent(ctx, audit.RolePut, name)); err != nil {
		return Role{}, err
	}
	return s.store.RoleByName(ctx, name)
}

// DeleteRole deletes a role and takes it from all users. It answers unknown_role or builtin_role.
func (s *Service) DeleteRole(ctx context.Context, name string) error {
	return s.store.DeleteRole(ctx, name, s.roleEvent(ctx, audit.RoleDeleted, name))
}

func (s *Service) roleEvent(ctx context.Context, action audit.Action, role string) audit.Note {
	return audit.Note{Event: audit.New(ctx, NewOrderedID(s.now()), s.second(), action, role, "")}
}

// NotScopeChar says whether r cannot stand in a scope: it is outside NQCHAR (RFC 6749 appendix A.4).
func NotScopeChar(r rune) bool { return r < 0x21 || r == '"' || r == '\\' || r > 0x7e }
