package account

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Attempt is a password presented by a caller who wants to do something.
type Attempt struct {
	Password string
	Address  string       // the caller's IP address
	ClientID string       // the client that asks, for the audit log
	Action   audit.Action // what the password is needed for, for the audit log

	// Device is the hint of DeviceHint that the caller's browser has kept, if any.
	Device string
}

// SignIn checks the password of the user who signs in as login, a username or an email address. Every
// entrance without a session uses it. It returns ErrInvalidCredentials for an unknown user, a wrong
// password and a disabled user, at the same cost; ErrEmailUnverified after the right password where a
// confirmed email address is required; and too_many_requests.
func (s *Service) SignIn(ctx context.Context, login string, a Attempt) (User, error) {
	begun := s.clock()
	u, err := s.signIn(ctx, login, a)
	return u, s.refuse(ctx, begun, err)
}

func (s *Service) signIn(ctx context.Context, login string, a Attempt) (User, error) {
	ctx, leave, err := s.passwords.Reserve(ctx) // before the user is looked for
	if err != nil {
		return User{}, err
	}
	defer leave()
	u, key, err := s.find(ctx, login)
	if err != nil {
		return User{}, err
	}
	if err := s.checkPassword(ctx, u, key, a); err != nil {
		return User{}, err
	}
	if s.requireConfirmed && !u.EmailVerified {
		return User{}, s.recordFailure(ctx, u, a, ErrEmailUnverified)
	}
	return u, nil
}

// Confirm checks the current password of a signed-in user. A stolen session must not allow more
// attempts than no session at all. It returns wrong_password or too_many_requests.
func (s *Service) Confirm(ctx context.Context, u User, a Attempt) error {
	if a.Password == "" {
		return errPasswordMissing
	}
	begun := s.clock()
	err := s.refuse(ctx, begun, s.checkPassword(ctx, u, u.ID, a))
	if errors.Is(err, ErrInvalidCredentials) {
		return errWrongPassword
	}
	return err
}

// DeviceHintLifetime is how long a device hint is valid.
const DeviceHintLifetime = 90 * 24 * time.Hour

// DeviceHint returns a text for the browser in which a user has just signed in. Presented with later
// attempts, it gives them a limit of their own, so that nobody else can lock out the user there. It ends
// with the password.
func (s *Service) DeviceHint(u User) string {
	return s.limits.DeviceHint(u.ID, u.Epoch, DeviceHintLifetime)
}

// checkPassword is the one protocol for a presented password. key is the user that attempts are counted
// for; u is the zero User for an unknown login. No database connection is held while hashing.
func (s *Service) checkPassword(ctx context.Context, u User, key string, a Attempt) error {
	// 1. Refuse at once what could not be verified, before it costs a write.
	ctx, leave, err := s.passwords.Reserve(ctx)
	if err != nil {
		return err
	}
	defer leave()
	// 2. Count the attempt before it is made.
	counter, wait, err := s.limits.CountLogin(ctx, a.Address, key, u.Epoch, a.Device, a.Password)
	if err != nil {
		return err
	}
	if wait > 0 {
		return fault.Denied(fault.LimitSignIn, wait)
	}
	// 3. Verify, at the same cost for every user. Refund an attempt that could not be made because the
	// service is busy or the caller has gone.
	password := normalPassword(a.Password)
	ok, outdated, err := s.passwords.Verify(ctx, s.usableHash(u), password)
	if err != nil {
		return errors.Join(err, s.limits.RefundLogin(context.WithoutCancel(ctx), a.Address, counter))
	}
	// 4. Record a failure.
	if !ok {
		s.limits.LoginFailed(counter, a.Password)
		return s.recordFailure(ctx, u, a, ErrInvalidCredentials)
	}
	// 5. Succeed: replace an outdated hash, reset the count.
	if outdated {
		s.rehash(ctx, u, password)
	}
	return s.limits.LoginSucceeded(ctx, a.Address, counter)
}

// usableHash returns the hash that lets a user in: none for a disabled user. The right password of a
// disabled user is then refused like any wrong one, after the same time.
func (s *Service) usableHash(u User) string {
	if !u.ActiveAt(s.now()) {
		return ""
	}
	return u.PasswordHash
}

// recordFailure stores the event of a failed attempt and returns its reason. For an unknown user it
// stores no name, because people type passwords into the wrong field.
func (s *Service) recordFailure(ctx context.Context, u User, a Attempt, reason *fault.Error) error {
	event := audit.New(ctx, s.clock(), a.Action, u.Username, u.ID).Failed(string(reason.Code))
	if a.ClientID != "" {
		event.ClientID = a.ClientID
	}
	if err := s.events.AppendEvent(ctx, event); err != nil {
		return err
	}
	return reason
}

// rehash replaces an outdated hash. If that fails, the old hash stays valid until the next sign-in.
func (s *Service) rehash(ctx context.Context, u User, password string) {
	hash, err := s.passwords.Hash(ctx, password)
	if err == nil {
		err = s.users.ReplacePasswordHash(ctx, u.ID, u.PasswordHash, hash)
	}
	if err != nil {
		s.log.WarnContext(ctx, "password hash not replaced", "user_id", u.ID, "error", err)
	}
}
