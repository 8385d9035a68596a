package account

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// OwnPatch is what somebody changes of himself: what is not nil.
type OwnPatch struct {
	Name            *string
	Picture         *string
	Email           *string
	Password        *string
	CurrentPassword string // needed for Email and Password
}

// UpdateOwn changes the profile, password or address of the user who asks, from a session and an
// address. A new password ends all other sessions; a new address counts once the letter to it is
// answered. It answers wrong_password, too_many_requests, weak_password, invalid_email, email_taken
// or invalid_request.
func (s *Service) UpdateOwn(ctx context.Context, u User, session, address string, p OwnPatch) (User, error) {
	// 1. What needs no password, and what is wrong with the rest.
	patch := UserPatch{Name: p.Name, Picture: p.Picture}
	if err := checkTexts(patch); err != nil {
		return User{}, err
	}
	if p.Password != nil {
		if err := s.checkPassword(*p.Password, u); err != nil {
			return User{}, err
		}
	}
	letters, err := s.newAddress(ctx, u, p.Email)
	if err != nil {
		return User{}, err
	}
	// 2. The current password, counted like a sign-in.
	if p.Password != nil || p.Email != nil {
		if err := s.confirm(ctx, u, p.CurrentPassword, address); err != nil {
			return User{}, err
		}
	}
	// 3. The change.
	action := audit.UserUpdated
	if p.Email != nil {
		action = audit.EmailChangeAsked
	}
	if p.Password != nil {
		action = audit.PasswordChanged
		hash, err := s.passwords.Hash(ctx, normalPassword(*p.Password))
		if err != nil {
			return User{}, err
		}
		patch.PasswordHash, patch.EndSessions, patch.KeepSession, patch.Reason = &hash, true, session, EndedByPassword
		letters = append(letters, Letter{Kind: LetterPassword, UserID: u.ID})
	}
	if err := s.store.UpdateUser(ctx, u.ID, patch, s.second(), s.note(ctx, action, u, letters...)); err != nil {
		return User{}, err
	}
	return s.store.UserByID(ctx, u.ID)
}

// newAddress checks a new address and gives the letters that it takes: one to confirm it, one that
// tells the old address.
func (s *Service) newAddress(ctx context.Context, u User, email *string) ([]Letter, error) {
	if email == nil {
		return nil, nil
	}
	key, err := emailKey(*email)
	if err != nil {
		return nil, err
	}
	other, err := s.store.UserByEmail(ctx, key)
	switch {
	case err == nil && other.ID != u.ID:
		return nil, ErrEmailTaken
	case err != nil && !errors.Is(err, ErrNotFound):
		return nil, err
	}
	return []Letter{
		{Kind: LetterVerify, UserID: u.ID, Email: *email},
		{Kind: LetterAddress, UserID: u.ID, Email: u.Email},
	}, nil
}

// confirm checks the password of somebody who is signed in. Whoever has stolen a session shall not
// guess at it any faster than whoever has none.
func (s *Service) confirm(ctx context.Context, u User, password, address string) error {
	if password == "" {
		return Errorf(WrongPassword, "this needs the current password").At("/current_password")
	}
	wait, err := s.limits.BeginLogin(ctx, address, u.UsernameKey, password)
	if err != nil {
		return err
	}
	if wait > 0 {
		return Denied(wait)
	}
	ok, _, err := s.passwords.Verify(ctx, u.PasswordHash, normalPassword(password))
	if err != nil {
		return err
	}
	if !ok {
		return Errorf(WrongPassword, "the current password is wrong").At("/current_password")
	}
	return s.limits.PassLogin(ctx, address, u.UsernameKey)
}

// DeleteOwn deletes the user who asks. It answers last_admin.
func (s *Service) DeleteOwn(ctx context.Context, u User) error {
	return s.store.DeleteUser(ctx, u.ID, s.second(), s.note(ctx, audit.UserDeleted, u))
}
