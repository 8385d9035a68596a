package account

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// MaxPassword is the longest accepted password in bytes. Longer ones are rejected, never truncated.
const MaxPassword = 1024

// normalPassword returns the password in NFC, so that it is the same on every keyboard (RFC 8265 §4.2).
func normalPassword(password string) string { return norm.NFC.String(password) }

// checkPolicy checks a new password against the policy. There are no composition rules
// (NIST SP 800-63B §3.1.1.2).
func (d *Directory) checkPolicy(password string, u User) error {
	weak := func(format string, args ...any) error {
		return fault.Errorf(WeakPassword, format, args...).At("/password")
	}
	password = normalPassword(password)
	switch {
	case !utf8.ValidString(password) || strings.Contains(password, "\x00"):
		return fault.Errorf(fault.InvalidRequest, "the password is not valid text").At("/password")
	case len(password) > MaxPassword:
		return fault.Errorf(fault.InvalidRequest, "a password can have at most %d bytes", MaxPassword).At("/password")
	case utf8.RuneCountInString(password) < d.minPassword:
		return weak("the password must have at least %d characters", d.minPassword)
	case d.passwords.Common(password):
		return weak("this password is too common; choose another one")
	case resembles(password, u):
		return weak("the password must differ from your name and your email address")
	}
	return nil
}

// resembles reports whether a password is something everyone knows about the user.
func resembles(password string, u User) bool {
	local, _, _ := strings.Cut(u.EmailKey, "@")
	for _, known := range []string{u.Username, u.UsernameKey, u.Email, u.EmailKey, local, u.Name} {
		if known != "" && strings.EqualFold(password, known) {
			return true
		}
	}
	return false
}
