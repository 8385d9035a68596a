package account

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Authority is what an administrator may pass on. Nobody gains scopes by way of another user, a role
// or a client.
type Authority interface {
	// CanGive returns insufficient_scope for scopes that may not be passed on.
	CanGive(scopes []string) error
}

// AdminPatch is what an administrator changes of a user: the fields that are not nil.
type AdminPatch struct {
	Username      *string
	Email         *string
	EmailVerified *bool
	Password      *string
	Name          *string
	Picture       *string
	Active        *bool
	DisabledUntil *time.Time // with Active false; nil: forever
}

// CreateAs creates a user on behalf of an administrator. Besides the errors of Create it returns
// insufficient_scope when the roles carry scopes that the administrator may not pass on.
func (d *Directory) CreateAs(ctx context.Context, by Authority, n NewUser) (User, error) {
	for _, name := range n.Roles {
		role, err := d.roles.RoleByName(ctx, name)
		if err != nil {
			return User{}, err
		}
		if err := by.CanGive(role.Scopes); err != nil {
			return User{}, err
		}
	}
	return d.Create(ctx, n)
}

// Managed returns a user whom an administrator may change: one with no scopes the administrator lacks. It
// returns insufficient_scope for others, and fault.ErrNotFound.
func (d *Directory) Managed(ctx context.Context, by Authority, id string) (User, error) {
	u, err := d.users.UserByID(ctx, id)
	if err != nil {
		return User{}, err
	}
	return u, by.CanGive(u.Scopes)
}

// Update changes a user. A new password, or disabling, ends the user's sessions. An empty patch changes
// nothing. It returns insufficient_scope, last_admin, or an error of Create.
func (d *Directory) Update(ctx context.Context, by Authority, id string, p AdminPatch) (User, error) {
	u, err := d.Managed(ctx, by, id)
	if err != nil {
		return User{}, err
	}
	if p == (AdminPatch{}) {
		return u, nil
	}
	patch, action, err := d.adminPatch(ctx, u, p)
	if err != nil {
		return User{}, err
	}
	var messages []Message
	if p.Password != nil {
		messages = append(messages, Message{Kind: MessagePasswordChanged, UserID: u.ID})
	}
	if err := d.users.UpdateUser(ctx, id, patch, d.now(), d.change(ctx, action, u, messages...)); err != nil {
		return User{}, err
	}
	return d.users.UserByID(ctx, id)
}

// adminPatch validates p and returns the patch to store and its most important action.
func (d *Directory) adminPatch(ctx context.Context, u User, p AdminPatch) (UserPatch, audit.Action, error) {
	patch := UserPatch{
		Username: p.Username, Email: p.Email, EmailVerified: p.EmailVerified, Name: p.Name, Picture: p.Picture,
		Active: p.Active, DisabledUntil: p.DisabledUntil,
	}
	if err := errors.Join(checkProfile(p.Name, p.Picture), patch.canonical()); err != nil {
		return UserPatch{}, "", err
	}
	action := audit.UserUpdated
	if p.Password != nil {
		action = audit.PasswordChanged
		if err := d.setPassword(ctx, &patch, u, *p.Password); err != nil {
			return UserPatch{}, "", err
		}
	}
	switch {
	case p.DisabledUntil != nil && p.Active == nil:
		return UserPatch{}, "", invalidField("disabled_until", "disabled_until requires active to be false")
	case p.DisabledUntil != nil && !*p.Active && !p.DisabledUntil.After(d.clock()):
		return UserPatch{}, "", invalidField("disabled_until", "the time is in the past, so that the user would not be disabled")
	case p.Active != nil:
		action = patch.setActive(*p.Active)
	}
	return patch, action, nil
}

func (d *Directory) setPassword(ctx context.Context, patch *UserPatch, u User, password string) error {
	if err := d.checkPolicy(password, u); err != nil {
		return err
	}
	hash, err := d.passwords.Hash(ctx, normalPassword(password))
	if err != nil {
		return err
	}
	patch.PasswordHash, patch.EndSessions, patch.Reason = &hash, true, EndedByPassword
	return nil
}

// setActive completes a patch that enables or disables a user.
func (p *UserPatch) setActive(active bool) audit.Action {
	if p.DisabledUntil == nil || active {
		p.DisabledUntil = new(time.Time) // forever, or not at all
	}
	if active {
		return audit.UserEnabled
	}
	p.EndSessions, p.Reason = true, EndedByDisable
	return audit.UserDisabled
}

// Delete deletes a user and ends its sessions. It returns insufficient_scope or last_admin.
func (d *Directory) Delete(ctx context.Context, by Authority, id string) error {
	u, err := d.Managed(ctx, by, id)
	if err != nil {
		return err
	}
	return d.users.DeleteUser(ctx, id, d.now(), d.change(ctx, audit.UserDeleted, u))
}

// ForceReset invalidates a user's password, ends its sessions and emails a link to set a new one. It
// returns insufficient_scope, or ErrNoMail if the link could not be sent.
func (d *Directory) ForceReset(ctx context.Context, by Authority, id string) error {
	u, err := d.Managed(ctx, by, id)
	if err != nil {
		return err
	}
	if d.noMail {
		return ErrNoMail
	}
	patch := UserPatch{PasswordHash: new(string), EndSessions: true, Reason: EndedByPassword}
	c := d.change(ctx, audit.ResetRequested, u, Message{Kind: MessageReset, UserID: id})
	return d.users.UpdateUser(ctx, id, patch, d.now(), c)
}

// Grant grants a user a role; it is no error if the user has it already. It returns unknown_role or
// insufficient_scope: an administrator can grant only scopes that it has, also to itself.
func (d *Directory) Grant(ctx context.Context, by Authority, id, name string) error {
	u, err := d.users.UserByID(ctx, id)
	if err != nil {
		return err
	}
	role, err := d.roles.RoleByName(ctx, name)
	if err != nil {
		return err
	}
	if err := by.CanGive(role.Scopes); err != nil {
		return err
	}
	return d.roles.GrantRole(ctx, id, name, d.now(), d.roleChange(ctx, audit.RoleGranted, u, name))
}

// Revoke revokes a role from a user; it is no error if the user does not have it. It returns
// unknown_role, insufficient_scope or last_admin.
func (d *Directory) Revoke(ctx context.Context, by Authority, id, name string) error {
	u, err := d.Managed(ctx, by, id)
	if err != nil {
		return err
	}
	return d.roles.RevokeRole(ctx, id, name, d.now(), d.roleChange(ctx, audit.RoleRevoked, u, name))
}
