package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Roles implements account.RoleStore.
func (s *Store) Roles(ctx context.Context) (roles []account.Role, err error) {
	err = s.access(ctx, func() error {
		for _, name := range slices.Sorted(maps.Keys(s.roles)) {
			roles = append(roles, s.roles[name])
		}
		return nil
	})
	return roles, err
}

// RoleByName implements account.RoleStore.
func (s *Store) RoleByName(ctx context.Context, name string) (role account.Role, err error) {
	err = s.access(ctx, func() (err error) { role, err = s.role(name); return err })
	return role, err
}

func (s *Store) role(name string) (account.Role, error) {
	role, exists := s.roles[name]
	if !exists {
		return role, account.ErrUnknownRole
	}
	return role, nil
}

// PutRole implements account.RoleStore.
func (s *Store) PutRole(ctx context.Context, r account.Role, change audit.Change) error {
	return s.change(ctx, change, func() error {
		scopes := append([]string{}, r.Scopes...)
		slices.Sort(scopes)
		s.roles[r.Name] = account.Role{Name: r.Name, Scopes: slices.Compact(scopes), Builtin: s.roles[r.Name].Builtin}
		return nil
	})
}

// DeleteRole implements account.RoleStore.
func (s *Store) DeleteRole(ctx context.Context, name string, change audit.Change) error {
	return s.change(ctx, change, func() error {
		role, err := s.role(name)
		if err != nil {
			return err
		}
		if role.Builtin {
			return account.ErrBuiltinRole
		}
		delete(s.roles, name)
		for id, u := range s.users {
			u.Roles = without(u.Roles, name)
			s.users[id] = u
		}
		return nil
	})
}

// GrantRole implements account.RoleStore.
func (s *Store) GrantRole(ctx context.Context, id, role string, now time.Time, change audit.Change) error {
	return s.changeRoles(ctx, id, role, now, change, func(u *account.User) error {
		if slices.Contains(u.Roles, role) {
			return errUnchanged
		}
		u.Roles = slices.Sorted(slices.Values(append([]string{role}, u.Roles...)))
		return nil
	})
}

// RevokeRole implements account.RoleStore.
func (s *Store) RevokeRole(ctx context.Context, id, role string, now time.Time, change audit.Change) error {
	return s.changeRoles(ctx, id, role, now, change, func(u *account.User) error {
		switch {
		case !slices.Contains(u.Roles, role):
			return errUnchanged
		case role == account.RoleAdmin && s.isLastAdmin(*u, now):
			return account.ErrLastAdmin
		}
		u.Roles = without(u.Roles, role)
		return nil
	})
}

func (s *Store) changeRoles(ctx context.Context, id, role string, now time.Time, change audit.Change, edit func(*account.User) error) error {
	return s.change(ctx, change, func() error {
		u, err := s.user(id)
		if err != nil {
			return err
		}
		if _, err := s.role(role); err != nil {
			return err
		}
		if err := edit(&u); err != nil {
			return err
		}
		s.update(u, now)
		return nil
	})
}

func without(roles []string, role string) []string {
	return slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return r == role })
}
