package account

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// OwnPatch is what users change of themselves: the fields that are not nil.
type OwnPatch struct {
	Username        *string
	Name            *string
	Picture         *string
	Email           *string
	Password        *string
	CurrentPassword string // required for Email and Password
}

// Origin is where a signed-in user acts from.
type Origin struct {
	SessionID string
	ClientID  string
	Address   string // IP address
	Device    string // see Attempt
}

// UpdateOwn changes the profile, username, password or email address of a signed-in user. A new password
// ends all other sessions; a new email address takes effect once the user follows the link sent to it.
// It returns wrong_password, too_many_requests, weak_password, invalid_username, username_taken,
// invalid_email, email_taken or invalid_request. Whether an email address is taken is not revealed
// before the password is right. Taken usernames count against the limit of sign-ups. An empty patch changes
// nothing.
func (s *Service) UpdateOwn(ctx context.Context, u User, from Origin, p OwnPatch) (User, error) {
	// 1. Reject what needs no password and no query to reject.
	if p == (OwnPatch{}) {
		return u, nil
	}
	if err := s.checkOwn(u, p); err != nil {
		return User{}, err
	}
	// 2. Check the current password. An attempt counts like a sign-in.
	action := p.action()
	if p.Password != nil || p.Email != nil {
		a := Attempt{Password: p.CurrentPassword, Address: from.Address, ClientID: from.ClientID, Action: action, Device: from.Device}
		if err := s.Confirm(ctx, u, a); err != nil {
			return User{}, err
		}
	}
	// 3. Check that the new email address is free, and count the emails to it.
	messages, err := s.addressMessages(ctx, u, from, p.Email)
	if err != nil {
		return User{}, err
	}
	// 4. Store the change.
	patch := UserPatch{Username: p.Username, Name: p.Name, Picture: p.Picture}
	if err := patch.canonical(); err != nil {
		return User{}, err
	}
	if p.Password != nil {
		hash, err := s.passwords.Hash(ctx, normalPassword(*p.Password))
		if err != nil {
			return User{}, err
		}
		patch.PasswordHash, patch.EndSessions, patch.KeepSession, patch.Reason = &hash, true, from.SessionID, EndedByPassword
		messages = append(messages, Message{Kind: MessagePasswordChanged, UserID: u.ID})
	}
	store := func() error {
		return s.users.UpdateUser(ctx, u.ID, patch, s.now(), s.change(ctx, action, u, messages...))
	}
	if p.Username != nil {
		err = s.countTaken(ctx, from.Address, store)
	} else {
		err = store()
	}
	if err != nil {
		return User{}, err
	}
	return s.users.UserByID(ctx, u.ID)
}

// action returns the most important thing that p changes.
func (p OwnPatch) action() audit.Action {
	switch {
	case p.Password != nil:
		return audit.PasswordChanged
	case p.Email != nil:
		return audit.EmailChangeAsked
	}
	return audit.UserUpdated
}

// checkOwn validates p without a query.
func (s *Service) checkOwn(u User, p OwnPatch) error {
	if err := checkProfile(p.Name, p.Picture); err != nil {
		return err
	}
	if p.Email != nil {
		if _, err := emailKey(*p.Email); err != nil {
			return err
		}
	}
	if p.Username != nil {
		key, err := usernameKey(*p.Username)
		if err != nil {
			return err
		}
		u.Username, u.UsernameKey = *p.Username, key // the new password must differ from it
	}
	if p.Password != nil {
		return s.checkPolicy(*p.Password, u)
	}
	return nil
}

// addressMessages returns the emails that a new address requires: one to confirm it, and one that informs
// the old address. They count against the limit of requested emails, which also bounds how many
// addresses a user can probe.
func (s *Service) addressMessages(ctx context.Context, u User, from Origin, email *string) ([]Message, error) {
	if email == nil {
		return nil, nil
	}
	key, err := emailKey(*email)
	if err != nil {
		return nil, err
	}
	if err := s.countMessage(ctx, from.Address, key); err != nil {
		return nil, err
	}
	other, err := s.users.UserByEmail(ctx, key)
	switch {
	case err == nil && other.ID != u.ID:
		return nil, ErrEmailTaken
	case err != nil && !errors.Is(err, fault.ErrNotFound):
		return nil, err
	}
	return []Message{
		{Kind: MessageVerify, UserID: u.ID, Email: *email},
		{Kind: MessageAddressChanged, UserID: u.ID, Email: u.Email},
	}, nil
}

// DeleteOwn deletes a signed-in user who confirms it with the current password. It returns
// wrong_password, too_many_requests or last_admin.
func (s *Service) DeleteOwn(ctx context.Context, u User, from Origin, password string) error {
	a := Attempt{Password: password, Address: from.Address, ClientID: from.ClientID, Action: audit.UserDeleted, Device: from.Device}
	if err := s.Confirm(ctx, u, a); err != nil {
		return err
	}
	return s.users.DeleteUser(ctx, u.ID, s.now(), s.change(ctx, audit.UserDeleted, u))
}
