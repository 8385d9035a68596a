package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The beginnings of the subjects of our emails.
const (
	verifySubject   = "Confirm your "
	resetSubject    = "Reset your Latchkey password"
	inviteSubject   = "Set up your Latchkey account"
	passwordSubject = "Your Latchkey password"
)

// email is a message in the inbox of a development server.
type email struct{ ID, To, Subject, Text, HTML string }

// emails returns the messages to an address whose subject begins with a text.
func (i installation) emails(t *testing.T, to, subject string) []email {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(i.dir, "inbox", "*.json"))
	require.NoError(t, err)
	var all []email
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var e email
		require.NoError(t, json.Unmarshal(text, &e))
		if e.To == to && strings.HasPrefix(e.Subject, subject) {
			all = append(all, e)
		}
	}
	return all
}

// waitForEmail waits for the only message with a subject and returns it.
func (i installation) waitForEmail(t *testing.T, to, subject string) email {
	t.Helper()
	var got []email
	eventually(t, func() bool { got = i.emails(t, to, subject); return len(got) > 0 })
	require.Len(t, got, 1)
	return got[0]
}

// loseEmail deletes a message, as if it had never arrived.
func (i installation) loseEmail(t *testing.T, e email) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(i.dir, "inbox", e.ID+".json")))
}

var emailedToken = regexp.MustCompile(`#token=(et_[A-Za-z0-9_-]{43})\b`)

// waitForToken waits for the only message with a subject and returns the one-time token in it.
func (i installation) waitForToken(t *testing.T, to, subject string) string {
	t.Helper()
	found := emailedToken.FindStringSubmatch(i.waitForEmail(t, to, subject).Text)
	require.NotNil(t, found)
	return found[1]
}

// verifyEmail presents the one-time token of an email that verifies an address.
func (c caller) verifyEmail(t *testing.T, token string) response {
	t.Helper()
	return c.call(t, "", "POST /api/auth/verify-email", object{"token": token})
}

// forgotPassword requests an email with a token for resetPassword.
func (c caller) forgotPassword(t *testing.T, address string) {
	t.Helper()
	got := c.call(t, "", "POST /api/auth/forgot-password", object{"email": address})
	require.Equal(t, http.StatusAccepted, got.status, got.body)
}

// resetPassword sets a password with the one-time token of an email.
func (c caller) resetPassword(t *testing.T, token, password string) response {
	t.Helper()
	return c.call(t, "", "POST /api/auth/reset-password", object{"token": token, "password": password})
}
