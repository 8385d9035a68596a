package account

import (
	"context"
	"time"
)

// SetPassword gives a user a new password and ends his sessions but one, which may be empty. It
// answers weak_password, invalid_request or ErrNotFound.
func (s *Service) SetPassword(ctx context.Context, id, password, keepSession string) error {
	u, err := s.store.UserByID(ctx, id)
	if err != nil {
		return err
	}
	if err := s.checkPassword(password, u); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, normalPassword(password))
	if err != nil {
		return err
	}
	return s.store.SetPassword(ctx, id, hash, keepSession, s.second())
}

// SetActive lets a user sign in or not; one who may not has no sessions. ErrNotFound.
func (s *Service) SetActive(ctx context.Context, id string, active bool) error {
	return s.store.SetActive(ctx, id, active, s.second())
}

// Delete deletes a user and ends his sessions. ErrNotFound.
func (s *Service) Delete(ctx context.Context, id string) error { return s.store.DeleteUser(ctx, id) }

// second is the time as accounts keep it.
func (s *Service) second() time.Time { return s.now().UTC().Truncate(time.Second) }
