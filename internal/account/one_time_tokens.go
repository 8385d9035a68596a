package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Purpose is what a one-time token can be used for.
type Purpose string

// The purposes.
const (
	PurposeVerify Purpose = "verify"
	PurposeReset  Purpose = "reset"
)

// OneTimeToken is what is stored of an emailed token. The token is random, so SHA-256 is enough.
type OneTimeToken struct {
	Hash      []byte
	Purpose   Purpose
	UserID    string
	Email     string // the address it is sent to
	EmailKey  string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Lifetimes of one-time tokens.
const (
	verifyLifetime = 48 * time.Hour
	resetLifetime  = time.Hour
	inviteLifetime = 7 * 24 * time.Hour
)

const (
	tokenPrefix = "et_"
	tokenSize   = 32 // random bytes
)

// tokenHash returns the hash under which a token is stored. Malformed tokens are rejected without a
// query.
func tokenHash(token string) ([]byte, error) {
	text, found := strings.CutPrefix(token, tokenPrefix)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !found || err != nil || len(raw) != tokenSize || strings.ContainsAny(text, "\r\n") { // the decoder skips line ends
		return nil, errOneTimeToken
	}
	hash := sha256.Sum256([]byte(token))
	return hash[:], nil
}

// VerifyEmail confirms an email address with an emailed token and returns its user. It returns
// invalid_one_time_token or email_taken.
func (s *Service) VerifyEmail(ctx context.Context, token string) (User, error) {
	hash, t, u, err := s.oneTimeToken(ctx, token, PurposeVerify)
	if err != nil {
		return User{}, err
	}
	u.Email, u.EmailKey, u.EmailVerified = t.Email, t.EmailKey, true
	return u, unknownToken(s.tokens.UseVerifyToken(ctx, hash, s.now(), s.change(ctx, audit.UserVerified, u)))
}

// ResetPassword sets a new password with an emailed token and ends all sessions. It returns
// invalid_one_time_token or weak_password; a weak password does not consume the token.
func (s *Service) ResetPassword(ctx context.Context, token, password string) error {
	hash, _, u, err := s.oneTimeToken(ctx, token, PurposeReset)
	if err != nil {
		return err
	}
	if err := s.checkPolicy(password, u); err != nil {
		return err
	}
	passwordHash, err := s.passwords.Hash(ctx, normalPassword(password))
	if err != nil {
		return err
	}
	c := s.change(ctx, audit.PasswordChanged, u, Message{Kind: MessagePasswordChanged, UserID: u.ID})
	return unknownToken(s.tokens.UseResetToken(ctx, hash, passwordHash, s.now(), c))
}

// oneTimeToken finds a token of a purpose and its user.
func (s *Service) oneTimeToken(ctx context.Context, token string, purpose Purpose) ([]byte, OneTimeToken, User, error) {
	hash, err := tokenHash(token)
	if err != nil {
		return nil, OneTimeToken{}, User{}, err
	}
	t, u, err := s.tokens.OneTimeTokenByHash(ctx, hash, s.now())
	if err == nil && t.Purpose != purpose {
		err = errOneTimeToken
	}
	return hash, t, u, unknownToken(err)
}

// unknownToken replaces not_found by the error for a token that does not work.
func unknownToken(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return errOneTimeToken
	}
	return err
}

// putToken creates a token for a message and stores its hash.
func (d *Directory) putToken(ctx context.Context, m *PreparedMessage, u User, purpose Purpose, lifetime time.Duration) error {
	raw := make([]byte, tokenSize)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	m.Token = tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
	hash, err := tokenHash(m.Token)
	if err != nil {
		return err
	}
	key, err := emailKey(m.To)
	if err != nil {
		return err
	}
	now := d.now()
	m.Expires = now.Add(lifetime)
	return d.tokens.PutOneTimeToken(ctx, OneTimeToken{
		Hash: hash, Purpose: purpose, UserID: u.ID, Email: m.To, EmailKey: key, CreatedAt: now, ExpiresAt: m.Expires,
	})
}

// PurgeTokens deletes at most limit expired one-time tokens and returns their number.
func (d *Directory) PurgeTokens(ctx context.Context, limit int) (int, error) {
	return d.tokens.PurgeOneTimeTokens(ctx, d.now(), limit)
}
