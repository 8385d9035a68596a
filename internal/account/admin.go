package account

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// AdminPatch is what an administrator changes of a user: what is not nil.
type AdminPatch struct {
	Username      *string
	Email         *string
	EmailVerified *bool
	Password      *string
	Name          *string
	Picture       *string
	Active        *bool
	DisabledUntil *time.Time // with Active false; nil: for good
}

// List gives the users that a query asks for, and where the next page begins, or nil at the end.
// Names and addresses of the query are brought to their canonical form.
func (s *Service) List(ctx context.Context, q Query) ([]User, *Position, error) {
	q.Now = s.second()
	limit := q.Limit
	q.Limit++ // one more, to know whether there is a next page
	var err error
	if q, err = canonicalQuery(q); err != nil {
		return nil, nil, nil //nolint:nilerr // what no user can be called, none is
	}
	users, keys, err := s.store.ListUsers(ctx, q)
	if err != nil || len(users) <= limit {
		return users, nil, err
	}
	last := users[limit-1]
	next := &Position{CreatedAt: last.CreatedAt, ID: last.ID}
	if q.Prefix != "" {
		next = &Position{Key: keys[limit-1], ID: last.ID}
	}
	return users[:limit], next, nil
}

func canonicalQuery(q Query) (Query, error) {
	var err error
	if q.UsernameKey != "" {
		if q.UsernameKey, err = usernameKey(q.UsernameKey); err != nil {
			return q, err
		}
	}
	if q.EmailKey != "" {
		if q.EmailKey, err = emailKey(q.EmailKey); err != nil {
			return q, err
		}
	}
	if q.Prefix != "" {
		q.Prefix, _, _ = loginKey(q.Prefix)
	}
	return q, nil
}

// Administer creates a user as somebody with an authority. Beside the codes of Create it answers
// insufficient_scope when the roles carry scopes that may not be handed on.
func (s *Service) Administer(ctx context.Context, by Authority, n NewUser) (User, error) {
	for _, name := range n.Roles {
		role, err := s.store.RoleByName(ctx, name)
		if err != nil {
			return User{}, err
		}
		if err := by.CanGive(role.Scopes); err != nil {
			return User{}, err
		}
	}
	return s.Create(ctx, n)
}

// other finds a user whom somebody may change: one who has no scopes that he lacks.
func (s *Service) other(ctx context.Context, by Authority, id string) (User, error) {
	u, err := s.store.UserByID(ctx, id)
	if err != nil {
		return User{}, err
	}
	return u, by.CanGive(u.Scopes)
}

// Update changes a user. A new password, or switching off, ends his sessions. It answers
// insufficient_scope, last_admin, and what Create answers.
func (s *Service) Update(ctx context.Context, by Authority, id string, p AdminPatch) (User, error) {
	u, err := s.other(ctx, by, id)
	if err != nil {
		return User{}, err
	}
	patch, action, err := s.adminPatch(ctx, u, p)
	if err != nil {
		return User{}, err
	}
	var letters []Letter
	if p.Password != nil {
		letters = append(letters, Letter{Kind: LetterPassword, UserID: u.ID})
	}
	if err := s.store.UpdateUser(ctx, id, patch, s.second(), s.note(ctx, action, u, letters...)); err != nil {
		return User{}, err
	}
	return s.store.UserByID(ctx, id)
}

// adminPatch checks a change and says what it is.
func (s *Service) adminPatch(ctx context.Context, u User, p AdminPatch) (UserPatch, audit.Action, error) {
	patch := UserPatch{
		Username: p.Username, Email: p.Email, EmailVerified: p.EmailVerified, Name: p.Name, Picture: p.Picture,
		Active: p.Active, DisabledUntil: p.DisabledUntil,
	}
	action := audit.UserUpdated
	if err := errors.Join(checkTexts(patch), patch.canonical()); err != nil {
		return UserPatch{}, "", err
	}
	if p.Password != nil {
		if err := s.checkPassword(*p.Password, u); err != nil {
			return UserPatch{}, "", err
		}
		hash, err := s.passwords.Hash(ctx, normalPassword(*p.Password))
		if err != nil {
			return UserPatch{}, "", err
		}
		patch.PasswordHash, patch.EndSessions, patch.Reason = &hash, true, EndedByPassword
		action = audit.PasswordChanged
	}
	if p.Active != nil {
		if patch.DisabledUntil == nil || *p.Active {
			patch.DisabledUntil = new(time.Time) // for good, or not at all
		}
		action = audit.UserEnabled
		if !*p.Active {
			patch.EndSessions, patch.Reason = true, EndedByDisable
			action = audit.UserDisabled
		}
	} else if p.DisabledUntil != nil {
		return UserPatch{}, "", Errorf(InvalidRequest, "disabled_until stands with active false").At("/disabled_until")
	}
	return patch, action, nil
}

// canonical fills in the canonical forms of what a patch names.
func (p *UserPatch) canonical() error {
	if p.Username != nil {
		key, err := usernameKey(*p.Username)
		if err != nil {
			return err
		}
		p.UsernameKey = &key
	}
	if p.Email != nil {
		key, err := emailKey(*p.Email)
		if err != nil {
			return err
		}
		p.EmailKey = &key
	}
	return nil
}

// Delete deletes a user and ends his sessions. It answers insufficient_scope or last_admin.
func (s *Service) Delete(ctx context.Context, by Authority, id string) error {
	u, err := s.other(ctx, by, id)
	if err != nil {
		return err
	}
	return s.store.DeleteUser(ctx, id, s.second(), s.note(ctx, audit.UserDeleted, u))
}

// ForceReset makes a user's password stop working, ends his sessions and orders a letter to set a
// new one. It answers insufficient_scope.
func (s *Service) ForceReset(ctx context.Context, by Authority, id string) error {
	u, err := s.other(ctx, by, id)
	if err != nil {
		return err
	}
	patch := UserPatch{PasswordHash: new(string), EndSessions: true, Reason: EndedByPassword}
	n := s.note(ctx, audit.ResetRequested, u, Letter{Kind: LetterReset, UserID: id})
	return s.store.UpdateUser(ctx, id, patch, s.second(), n)
}

// Grant gives a user a role; having it already is no error. It answers unknown_role or
// insufficient_scope: nobody gives what he has not, himself least of all.
func (s *Service) Grant(ctx context.Context, by Authority, id, name string) error {
	u, err := s.store.UserByID(ctx, id)
	if err != nil {
		return err
	}
	role, err := s.store.RoleByName(ctx, name)
	if err != nil {
		return err
	}
	if err := by.CanGive(role.Scopes); err != nil {
		return err
	}
	return s.store.GrantRole(ctx, id, name, s.second(), s.roleNote(ctx, audit.RoleGranted, u, name))
}

// Revoke takes a role from a user; not having it is no error. It answers unknown_role,
// insufficient_scope or last_admin.
func (s *Service) Revoke(ctx context.Context, by Authority, id, name string) error {
	u, err := s.other(ctx, by, id)
	if err != nil {
		return err
	}
	return s.store.RevokeRole(ctx, id, name, s.second(), s.roleNote(ctx, audit.RoleRevoked, u, name))
}

// Events gives audit events, newest first, and where the next page begins, or nil at the end.
func (s *Service) Events(ctx context.Context, q audit.Query) ([]audit.Event, *audit.Position, error) {
	limit := q.Limit
	q.Limit++
	events, err := s.store.Events(ctx, q)
	if err != nil || len(events) <= limit {
		return events, nil, err
	}
	last := events[limit-1]
	return events[:limit], &audit.Position{At: last.At, ID: last.ID}, nil
}

// PurgeEvents deletes the audit events that are older than retention, in small batches, and gives
// their number.
func (s *Service) PurgeEvents(ctx context.Context, retention time.Duration) (int, error) {
	total := 0
	for {
		n, err := s.store.PurgeEvents(ctx, s.second().Add(-retention), purgeBatch)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}
