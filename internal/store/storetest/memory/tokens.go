package memory

import (
	"context"
	"maps"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// PutOneTimeToken implements account.OneTimeTokenStore.
func (s *Store) PutOneTimeToken(ctx context.Context, t account.OneTimeToken) error {
	return s.access(ctx, func() error {
		if _, err := s.user(t.UserID); err != nil {
			return err
		}
		maps.DeleteFunc(s.tokens, func(_ string, old account.OneTimeToken) bool {
			return old.UserID == t.UserID && old.Purpose == t.Purpose
		})
		t.CreatedAt, t.ExpiresAt = seconds(t.CreatedAt), seconds(t.ExpiresAt)
		s.tokens[string(t.Hash)] = t
		return nil
	})
}

// OneTimeTokenByHash implements account.OneTimeTokenStore.
func (s *Store) OneTimeTokenByHash(ctx context.Context, hash []byte, now time.Time) (t account.OneTimeToken, u account.User, err error) {
	err = s.access(ctx, func() error {
		stored, exists := s.tokens[string(hash)]
		if !exists || !stored.ExpiresAt.After(seconds(now)) {
			return fault.ErrNotFound
		}
		t, u = stored, s.withScopes(s.users[stored.UserID])
		return nil
	})
	return t, u, err
}

// UseVerifyToken implements account.OneTimeTokenStore.
func (s *Store) UseVerifyToken(ctx context.Context, hash []byte, now time.Time, change audit.Change) error {
	return s.useToken(ctx, hash, account.PurposeVerify, now, change, func(u *account.User, t account.OneTimeToken) error {
		u.Email, u.EmailKey, u.EmailVerified = t.Email, t.EmailKey, true
		return s.requireFree(u.ID, nil, &t.EmailKey)
	})
}

// UseResetToken implements account.OneTimeTokenStore.
func (s *Store) UseResetToken(ctx context.Context, hash []byte, passwordHash string, now time.Time, change audit.Change) error {
	return s.useToken(ctx, hash, account.PurposeReset, now, change, func(u *account.User, t account.OneTimeToken) error {
		u.PasswordHash, u.Epoch, u.EmailVerified = passwordHash, u.Epoch+1, u.EmailVerified || u.EmailKey == t.EmailKey
		return nil
	})
}

// useToken edits the user of a token and deletes the token, unless edit returns an error.
func (s *Store) useToken(ctx context.Context, hash []byte, purpose account.Purpose, now time.Time, change audit.Change,
	edit func(*account.User, account.OneTimeToken) error,
) error {
	return s.change(ctx, change, func() error {
		t, exists := s.tokens[string(hash)]
		if !exists || t.Purpose != purpose || !t.ExpiresAt.After(seconds(now)) {
			return fault.ErrNotFound
		}
		u := s.users[t.UserID]
		if err := edit(&u, t); err != nil {
			return err
		}
		s.update(u, now)
		delete(s.tokens, string(hash))
		return nil
	})
}

// PurgeOneTimeTokens implements account.OneTimeTokenStore.
func (s *Store) PurgeOneTimeTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	return purge(ctx, s, s.tokens, limit, func(t account.OneTimeToken) bool { return t.ExpiresAt.Before(seconds(before)) })
}
