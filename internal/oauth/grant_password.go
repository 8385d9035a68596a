package oauth

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// GrantPassword is the resource owner password credentials grant (RFC 6749 §4.3). RFC 9700 §2.4
// forbids it for third parties; only first-party clients may use it.
const GrantPassword = "password"

const maxLogin = 255 // characters of a username or email address

// checkPasswordRequest checks the parameters of the password grant before anything is spent on it
// (RFC 6749 §4.3.2).
func checkPasswordRequest(r TokenRequest) error {
	switch {
	case r.Username == "":
		return fault.Errorf(fault.InvalidRequest, "the parameter username is missing")
	case r.Password == "":
		return fault.Errorf(fault.InvalidRequest, "the parameter password is missing")
	case utf8.RuneCountInString(r.Username) > maxLogin:
		return fault.Errorf(fault.InvalidRequest, "the username is longer than %d characters", maxLogin)
	case len(r.Password) > account.MaxPassword:
		return fault.Errorf(fault.InvalidRequest, "the password is longer than %d bytes", account.MaxPassword)
	case !singleLine(r.Username) || !singleLine(r.Password):
		return fault.Errorf(fault.InvalidRequest, "username and password cannot contain line breaks or NUL")
	}
	return nil
}

// singleLine reports whether s is valid UTF-8 without NUL and line breaks (RFC 6749 appendix A.15).
func singleLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsAny(s, "\x00\r\n")
}

// passwordGrant implements the password grant (RFC 6749 §4.3).
func (s *Service) passwordGrant(ctx context.Context, r *grantRequest) (TokenResponse, error) {
	// 1. The user and the password, with its rate limits.
	user, err := s.accounts.SignIn(ctx, r.Username, account.Attempt{
		Password: r.Password, Address: r.Caller.Address, ClientID: r.client.ID, Action: audit.UserSignedIn, Device: r.Caller.Device,
	})
	if err != nil {
		s.observeFailure(err)
		return TokenResponse{}, err
	}
	// 2. What the token may do.
	scopes, err := grantScopes(r.scopes, user.Scopes, r.client.Scopes)
	if err != nil {
		return TokenResponse{}, err
	}
	// 3. The session and its tokens.
	response, err := s.startSession(ctx, r.client, user, scopes, r.Caller)
	if err != nil {
		return TokenResponse{}, err
	}
	s.signedIn(true)
	response.DeviceHint = s.accounts.DeviceHint(user)
	return response, nil
}

// observeFailure counts a sign-in whose password was verified in vain.
func (s *Service) observeFailure(err error) {
	if errors.Is(err, account.ErrInvalidCredentials) || errors.Is(err, account.ErrEmailUnverified) {
		s.signedIn(false)
	}
}

// invalidGrant translates the errors of a sign-in into those of the token endpoint (RFC 6749 §5.2).
func invalidGrant(err error) error {
	switch {
	case errors.Is(err, account.ErrInvalidCredentials):
		return ErrWrongPassword
	case errors.Is(err, account.ErrEmailUnverified):
		return fault.Errorf(InvalidGrant, "%s", account.ErrEmailUnverified.Text).Wrap(err)
	}
	return err
}
