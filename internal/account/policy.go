package account

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxPassword is the longest password in bytes; it is refused beyond, never truncated.
const MaxPassword = 1024

// normalPassword brings a password to NFC, so that it is the same on every keyboard (RFC 8265 §4.2).
func normalPassword(password string) string { return norm.NFC.String(password) }

// checkPassword holds a new password against the policy. There are no rules of composition
// (NIST SP 800-63B §3.1.1.2).
func (s *Service) checkPassword(password string, u User) error {
	weak := func(format string, args ...any) error {
		return Errorf(WeakPassword, format, args...).At("/password")
	}
	password = normalPassword(password)
	switch {
	case !utf8.ValidString(password) || strings.Contains(password, "\x00"):
		return Errorf(InvalidRequest, "the password is not valid text").At("/password")
	case len(password) > MaxPassword:
		return Errorf(InvalidRequest, "the password may have at most %d bytes", MaxPassword).At("/password")
	case utf8.RuneCountInString(password) < s.minPassword:
		return weak("the password needs at least %d characters", s.minPassword)
	case s.passwords.Common(password):
		return weak("the password is one of the most common ones")
	case resembles(password, u):
		return weak("the password is the same as the name or the address")
	}
	return nil
}

// resembles says whether a password is what everybody knows of the user.
func resembles(password string, u User) bool {
	local, _, _ := strings.Cut(u.EmailKey, "@")
	for _, known := range []string{u.Username, u.UsernameKey, u.Email, u.EmailKey, local, u.Name} {
		if known != "" && strings.EqualFold(password, known) {
			return true
		}
	}
	return false
}
