package oauth

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

const maxLogin = 255 // characters of a username or address

// ErrWrongPassword is the one answer to a failed sign-in, whatever failed (RFC 6749 §5.2).
var ErrWrongPassword = account.Errorf(InvalidGrant, "the username or the password is wrong")

// errUnverified is said after a right password alone.
var errUnverified = account.Errorf(InvalidGrant, "the e-mail address has not been confirmed").Wrap(account.ErrEmailUnverified)

// checkPasswordRequest checks the form of the password grant, before anything is spent on it
// (RFC 6749 §4.3.2).
func checkPasswordRequest(r TokenRequest) error {
	switch {
	case r.Username == "":
		return account.Errorf(InvalidRequest, "the parameter username is missing")
	case r.Password == "":
		return account.Errorf(InvalidRequest, "the parameter password is missing")
	case utf8.RuneCountInString(r.Username) > maxLogin:
		return account.Errorf(InvalidRequest, "the username is longer than %d characters", maxLogin)
	case len(r.Password) > account.MaxPassword:
		return account.Errorf(InvalidRequest, "the password is longer than %d bytes", account.MaxPassword)
	case !singleLine(r.Username) || !singleLine(r.Password):
		return account.Errorf(InvalidRequest, "username and password may not have line breaks or NUL")
	}
	return nil
}

// singleLine says whether s is valid UTF-8 without NUL and line breaks (RFC 6749 appendix A.15).
func singleLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsAny(s, "\x00\r\n")
}

// passwordGrant answers the password grant (RFC 6749 §4.3).
func (s *Service) passwordGrant(ctx context.Context, r TokenRequest, c Client, scopes []string) (TokenResponse, error) {
	// 1. Who it is, so that name and address share one count of tries.
	user, key, err := s.Accounts.Find(ctx, r.Username)
	if err != nil {
		return TokenResponse{}, err
	}
	// 2. The try is counted before it is made.
	wait, err := s.Limits.BeginLogin(ctx, r.Caller.Address, key, r.Password)
	if err != nil {
		return TokenResponse{}, err
	}
	if wait > 0 {
		return TokenResponse{}, account.Denied(wait)
	}
	// 3. The password, at the same cost for everybody.
	if err := s.authenticate(ctx, r, c, user, key); err != nil {
		return TokenResponse{}, err
	}
	// 4. What the token may do.
	granted, err := grantScopes(scopes, user.Scopes, c.Scopes)
	if err != nil {
		return TokenResponse{}, err
	}
	// 5. The session, and its token.
	return s.startSession(ctx, c, user, granted, r.Caller)
}

// authenticate checks the password. A guess that could not be made, because the service is busy or
// the caller is gone, is not counted.
func (s *Service) authenticate(ctx context.Context, r TokenRequest, c Client, user account.User, key string) error {
	err := s.Accounts.Authenticate(ctx, user, r.Password)
	switch {
	case err == nil:
		return s.Limits.PassLogin(ctx, r.Caller.Address, key)
	case errors.Is(err, account.ErrInvalidCredentials):
		s.Limits.FailLogin(key, r.Password)
		return errors.Join(ErrWrongPassword, s.failedSignIn(ctx, c, user, "invalid_credentials"))
	case errors.Is(err, account.ErrEmailUnverified): // the password was right
		return errors.Join(errUnverified, s.failedSignIn(ctx, c, user, string(account.EmailUnverified)),
			s.Limits.PassLogin(ctx, r.Caller.Address, key))
	default:
		undone := s.Limits.UndoLogin(context.WithoutCancel(ctx), r.Caller.Address, key)
		return errors.Join(err, undone)
	}
}

// failedSignIn keeps the event of a failed sign-in. Of an unknown user it keeps no name: people type
// passwords into the wrong field.
func (s *Service) failedSignIn(ctx context.Context, c Client, user account.User, reason string) error {
	event := audit.New(ctx, account.NewOrderedID(s.Now()), s.now(), audit.UserSignedIn, user.Username, user.ID).Failed(reason)
	event.ClientID = c.ID
	return s.Events.AppendEvent(ctx, event)
}
