package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// CreateUser implements account.UserStore.
func (s *Store) CreateUser(ctx context.Context, u account.User, change audit.Change) error {
	return s.change(ctx, change, func() error { return s.insert(u) })
}

// ImportUsers implements account.UserStore.
func (s *Store) ImportUsers(ctx context.Context, users []account.User, change audit.Change) (results []error, err error) {
	err = s.change(ctx, change, func() error {
		for _, u := range users {
			results = append(results, s.insert(u))
		}
		if !slices.Contains(results, nil) {
			return errUnchanged
		}
		return nil
	})
	return results, err
}

func (s *Store) insert(u account.User) error {
	if err := s.requireFree("", &u.UsernameKey, &u.EmailKey); err != nil {
		return err
	}
	for _, role := range u.Roles {
		if _, exists := s.roles[role]; !exists {
			return account.ErrUnknownRole
		}
	}
	if _, exists := s.users[u.ID]; exists {
		return fault.ErrAlreadyExists
	}
	u.Roles = slices.Compact(slices.Sorted(slices.Values(u.Roles)))
	u.CreatedAt, u.UpdatedAt, u.DisabledUntil = seconds(u.CreatedAt), seconds(u.UpdatedAt), seconds(u.DisabledUntil)
	s.users[u.ID] = u
	return nil
}

// requireFree returns ErrUsernameTaken or ErrEmailTaken if a user other than id has a key. It ignores nil.
func (s *Store) requireFree(id string, usernameKey, emailKey *string) (err error) {
	for _, u := range s.users {
		if u.ID != id && usernameKey != nil && u.UsernameKey == *usernameKey {
			return account.ErrUsernameTaken
		}
		if u.ID != id && emailKey != nil && u.EmailKey == *emailKey {
			err = account.ErrEmailTaken
		}
	}
	return err
}

// UserByUsername implements account.UserStore.
func (s *Store) UserByUsername(ctx context.Context, key string) (account.User, error) {
	return s.find(ctx, func(u account.User) bool { return u.UsernameKey == key })
}

// UserByEmail implements account.UserStore.
func (s *Store) UserByEmail(ctx context.Context, key string) (account.User, error) {
	return s.find(ctx, func(u account.User) bool { return u.EmailKey == key })
}

// UserByID implements account.UserStore.
func (s *Store) UserByID(ctx context.Context, id string) (account.User, error) {
	return s.find(ctx, func(u account.User) bool { return u.ID == id })
}

func (s *Store) find(ctx context.Context, matches func(account.User) bool) (found account.User, err error) {
	err = s.access(ctx, func() error {
		for _, u := range s.users {
			if matches(u) {
				found = s.withScopes(u)
				return nil
			}
		}
		return fault.ErrNotFound
	})
	return found, err
}

func (s *Store) user(id string) (account.User, error) {
	u, exists := s.users[id]
	if !exists {
		return u, fault.ErrNotFound
	}
	return u, nil
}

// withScopes returns a copy of a user with the scopes of the roles.
func (s *Store) withScopes(u account.User) account.User {
	u.Roles, u.Scopes = append([]string{}, u.Roles...), []string{}
	for _, role := range u.Roles {
		u.Scopes = append(u.Scopes, s.roles[role].Scopes...)
	}
	slices.Sort(u.Scopes)
	u.Scopes = slices.Compact(u.Scopes)
	return u
}

// ReplacePasswordHash implements account.UserStore.
func (s *Store) ReplacePasswordHash(ctx context.Context, id, from, to string) error {
	return s.change(ctx, audit.Change{}, func() error {
		u, err := s.user(id)
		if err == nil && u.PasswordHash != from {
			err = fault.ErrNotFound
		}
		if err != nil {
			return err
		}
		u.PasswordHash = to
		s.users[id] = u
		return nil
	})
}

// UpdateUser implements account.UserStore.
func (s *Store) UpdateUser(ctx context.Context, id string, p account.UserPatch, now time.Time, change audit.Change) error {
	return s.change(ctx, change, func() error {
		u, err := s.user(id)
		if err != nil {
			return err
		}
		if err := s.requireFree(id, p.UsernameKey, p.EmailKey); err != nil {
			return err
		}
		lastAdmin := s.isLastAdmin(u, now)
		patch(&u, p)
		if lastAdmin && !u.ActiveAt(seconds(now)) {
			return account.ErrLastAdmin
		}
		s.update(u, now)
		return nil
	})
}

// update stores a changed user. UpdatedAt never decreases.
func (s *Store) update(u account.User, now time.Time) {
	if now = seconds(now); now.After(u.UpdatedAt) {
		u.UpdatedAt = now
	}
	u.DisabledUntil = seconds(u.DisabledUntil)
	s.users[u.ID] = u
}

func patch(u *account.User, p account.UserPatch) {
	set(&u.Username, p.Username)
	set(&u.UsernameKey, p.UsernameKey)
	set(&u.Email, p.Email)
	set(&u.EmailKey, p.EmailKey)
	set(&u.EmailVerified, p.EmailVerified)
	set(&u.Name, p.Name)
	set(&u.Picture, p.Picture)
	set(&u.Active, p.Active)
	set(&u.DisabledUntil, p.DisabledUntil)
	set(&u.PasswordHash, p.PasswordHash)
	if p.EndSessions {
		u.Epoch++
	}
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// DeleteUser implements account.UserStore.
func (s *Store) DeleteUser(ctx context.Context, id string, now time.Time, change audit.Change) error {
	return s.change(ctx, change, func() error {
		u, err := s.user(id)
		if err != nil {
			return err
		}
		if s.isLastAdmin(u, now) {
			return account.ErrLastAdmin
		}
		delete(s.users, id)
		maps.DeleteFunc(s.tokens, func(_ string, t account.OneTimeToken) bool { return t.UserID == id })
		return nil
	})
}

// isLastAdmin reports whether u is the only active administrator.
func (s *Store) isLastAdmin(u account.User, now time.Time) bool {
	admins := 0
	for _, other := range s.users {
		if other.ActiveAt(seconds(now)) && slices.Contains(other.Roles, account.RoleAdmin) {
			admins++
		}
	}
	return admins == 1 && u.ActiveAt(seconds(now)) && slices.Contains(u.Roles, account.RoleAdmin)
}
