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
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// Purpose says what a one-time token is good for.
type Purpose string

// The purposes.
const (
	PurposeVerify Purpose = "verify"
	PurposeReset  Purpose = "reset"
)

// Token is what is kept of a one-time token: random, so that SHA-256 is enough.
type Token struct {
	Hash      []byte
	Purpose   Purpose
	UserID    string
	Email     string // the address that the letter goes to
	EmailKey  string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// How long the tokens of letters work.
const (
	verifyLife = 48 * time.Hour
	resetLife  = time.Hour
	inviteLife = 7 * 24 * time.Hour
)

const (
	tokenPrefix = "et_"
	tokenSize   = 32 // random bytes
)

// errToken is the one answer to a one-time token that does not work.
var errToken = Errorf(InvalidOneTime, "the token is unknown, expired or used").At("/token")

// tokenHash gives what is kept of a token. One of the wrong form costs no query.
func tokenHash(token string) ([]byte, error) {
	text, found := strings.CutPrefix(token, tokenPrefix)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !found || err != nil || len(raw) != tokenSize {
		return nil, errToken
	}
	hash := sha256.Sum256([]byte(token))
	return hash[:], nil
}

// VerifyEmail confirms an address with the token of a letter. It answers invalid_one_time_token or
// email_taken.
func (s *Service) VerifyEmail(ctx context.Context, token string) error {
	hash, t, u, err := s.token(ctx, token, PurposeVerify)
	if err != nil {
		return err
	}
	u.Email = t.Email
	return tokenFault(s.store.UseEmailToken(ctx, hash, s.second(), s.note(ctx, audit.UserVerified, u)))
}

// ResetPassword sets a new password with the token of a letter and ends all sessions. It answers
// invalid_one_time_token or weak_password; a weak one does not use the token up.
func (s *Service) ResetPassword(ctx context.Context, token, password string) error {
	hash, _, u, err := s.token(ctx, token, PurposeReset)
	if err != nil {
		return err
	}
	if err := s.checkPassword(password, u); err != nil {
		return err
	}
	passwordHash, err := s.passwords.Hash(ctx, normalPassword(password))
	if err != nil {
		return err
	}
	n := s.note(ctx, audit.PasswordChanged, u, Letter{Kind: LetterPassword, UserID: u.ID})
	return tokenFault(s.store.UseResetToken(ctx, hash, passwordHash, s.second(), n))
}

// token finds what a one-time token is good for.
func (s *Service) token(ctx context.Context, token string, purpose Purpose) ([]byte, Token, User, error) {
	hash, err := tokenHash(token)
	if err != nil {
		return nil, Token{}, User{}, err
	}
	t, u, err := s.store.TokenByHash(ctx, hash, s.second())
	if err == nil && t.Purpose != purpose {
		err = errToken
	}
	return hash, t, u, tokenFault(err)
}

func tokenFault(err error) error {
	if errors.Is(err, ErrNotFound) {
		return errToken
	}
	return err
}

// RequestVerification orders the confirmation letter again. It costs and answers the same whether
// or not the address is known: invalid_email or too_many_requests.
func (s *Service) RequestVerification(ctx context.Context, email, address string) error {
	return s.orderLetter(ctx, LetterVerify, email, address)
}

// ForgotPassword orders a letter to set a new password, at the same cost and with the same answers
// as RequestVerification.
func (s *Service) ForgotPassword(ctx context.Context, email, address string) error {
	return s.orderLetter(ctx, LetterReset, email, address)
}

func (s *Service) orderLetter(ctx context.Context, kind LetterKind, email, address string) error {
	key, err := emailKey(strings.TrimSpace(email))
	if err != nil {
		return err
	}
	wait, err := s.limits.BeginLetter(ctx, address, key)
	if err != nil {
		return err
	}
	if wait > 0 {
		return Denied(wait)
	}
	return s.store.Enqueue(ctx, outbox.New(NewID(), outbox.Letter, Letter{Kind: kind, EmailKey: key}, s.second()))
}

// Delivery is a letter that is ready to be written.
type Delivery struct {
	Kind     LetterKind
	To       string
	Username string
	Name     string
	Token    string       // empty where the letter needs none
	Expires  time.Time    // of the token
	Follow   []outbox.Job // what hooks are told once the letter has left
}

// Prepare makes a letter ready, with a new token where it needs one. needed is false when there is
// nothing to send: no such user, or nothing to confirm.
func (s *Service) Prepare(ctx context.Context, order Letter) (d Delivery, needed bool, err error) {
	u, err := s.addressee(ctx, order)
	if errors.Is(err, ErrNotFound) {
		return Delivery{}, false, nil
	}
	if err != nil {
		return Delivery{}, false, err
	}
	d = Delivery{Kind: order.Kind, To: u.Email, Username: u.Username, Name: u.Name}
	if order.Email != "" {
		d.To = order.Email
	}
	switch order.Kind {
	case LetterVerify:
		if u.EmailVerified && d.To == u.Email {
			return Delivery{}, false, nil
		}
		err = s.putToken(ctx, &d, u, PurposeVerify, verifyLife)
	case LetterReset:
		if !u.ActiveAt(s.now()) {
			return Delivery{}, false, nil
		}
		if err = s.recordReset(ctx, &d, order, u); err == nil {
			err = s.putToken(ctx, &d, u, PurposeReset, resetLife)
		}
	case LetterInvite:
		err = s.putToken(ctx, &d, u, PurposeReset, inviteLife)
	case LetterPassword, LetterAddress:
	}
	return d, err == nil, err
}

// recordReset keeps that a user asked for a reset, now that it is known who he is. What an
// administrator forces has been recorded with the act itself.
func (s *Service) recordReset(ctx context.Context, d *Delivery, order Letter, u User) error {
	if order.UserID != "" {
		return nil
	}
	n := s.note(ctx, audit.ResetRequested, u)
	d.Follow = n.Jobs
	return s.store.AppendEvent(ctx, n.Event)
}

func (s *Service) addressee(ctx context.Context, order Letter) (User, error) {
	if order.UserID != "" {
		return s.store.UserByID(ctx, order.UserID)
	}
	return s.store.UserByEmail(ctx, order.EmailKey)
}

// putToken makes a token for a letter and keeps its hash.
func (s *Service) putToken(ctx context.Context, d *Delivery, u User, purpose Purpose, life time.Duration) error {
	raw := make([]byte, tokenSize)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	d.Token = tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
	hash, err := tokenHash(d.Token)
	if err != nil {
		return err
	}
	key, err := emailKey(d.To)
	if err != nil {
		return err
	}
	now := s.second()
	d.Expires = now.Add(life)
	return s.store.PutToken(ctx, Token{
		Hash: hash, Purpose: purpose, UserID: u.ID, Email: d.To, EmailKey: key, CreatedAt: now, ExpiresAt: d.Expires,
	})
}

const purgeBatch = 500 // rows at a time, so that nobody waits for long

// Purge deletes expired one-time tokens in small batches, and gives their number.
func (s *Service) Purge(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.store.PurgeTokens(ctx, s.second(), purgeBatch)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}
