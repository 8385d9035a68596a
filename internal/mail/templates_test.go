package mail

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

var application = Application{
	Name: "Acme <Shop>", VerifyURL: "https://auth.example.com/account/verify", ResetURL: "https://auth.example.com/account/reset",
}

var delivery = account.PreparedMessage{
	To: "alice@example.org", Username: "alice", Name: "Buy <b>now</b> at https://evil.example",
	Token: "et_Zm9v-_YmFy", Expires: time.Date(2026, 3, 2, 9, 5, 0, 0, time.FixedZone("CET", 3600)),
}

func TestBuiltinTemplates(t *testing.T) {
	t.Parallel()
	templates, err := LoadTemplates("", application)
	require.NoError(t, err)
	for kind, test := range map[account.MessageKind]struct{ subject, link string }{
		account.MessageVerify:          {"Confirm your email address for Acme <Shop>", "https://auth.example.com/account/verify#token=et_Zm9v-_YmFy"},
		account.MessageReset:           {"Reset your Acme <Shop> password", "https://auth.example.com/account/reset#token=et_Zm9v-_YmFy"},
		account.MessageInvite:          {"Set up your Acme <Shop> account", "https://auth.example.com/account/reset#token=et_Zm9v-_YmFy"},
		account.MessagePasswordChanged: {"Your Acme <Shop> password was changed", ""},
		account.MessageAddressChanged:  {"Your Acme <Shop> email address is about to change", ""},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			d := delivery
			d.Kind = kind
			if test.link == "" {
				d.Token, d.Expires = "", time.Time{}
			}
			m, err := templates.Render(d)
			require.NoError(t, err)
			require.Equal(t, d.To, m.To)
			require.Equal(t, test.subject, m.Subject)
			require.True(t, len(m.Text) > 0 && m.Text[:5] == "Hello", m.Text)
			for _, text := range []string{m.Text, m.HTML} {
				require.Contains(t, text, "alice")
				require.NotContains(t, text, "evil.example", "the email contains text chosen by a user")
				if test.link == "" {
					require.NotContains(t, text, "http")
					continue
				}
				require.Contains(t, text, test.link)
				require.Contains(t, text, "2 March 2026 at 08:05 UTC")
			}
			require.NotContains(t, m.HTML, "<Shop>")
			require.NotContains(t, m.HTML, "<script")
		})
	}
}

// templateFolder returns a folder with files.
func templateFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestCustomTemplates(t *testing.T) {
	t.Parallel()
	templates, err := LoadTemplates(templateFolder(t, map[string]string{
		"verify-email.txt": "Subject: Bitte bestätigen, {{.Name}}\r\n\r\nHier: {{.Link}}\n",
		"notes.md":         "not a template",
	}), application)
	require.NoError(t, err)
	d := delivery
	d.Kind, d.Name = account.MessageVerify, "Alice\nBcc: all@example.com"
	m, err := templates.Render(d)
	require.NoError(t, err)
	require.Equal(t, "Bitte bestätigen, Alice", m.Subject, "a line break in the name starts another header")
	require.Contains(t, m.Text, "Hier: https://auth.example.com/account/verify#token=")
	require.Contains(t, m.HTML, "Please confirm", "the built-in template is not used for a missing one")
}

func TestTemplateErrorsNameTheFile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"does not parse": {
			map[string]string{"verify-email.txt": "Subject: x\n\n{{if}}\n"}, []string{"verify-email.txt:3"},
		},
		"unknown field": {
			map[string]string{"reset-password.txt": "Subject: x\n\n\n{{.Token}}\n"}, []string{"reset-password.txt:4", "Token"},
		},
		"no subject": {
			map[string]string{"set-password.txt": "Hello\n"}, []string{"set-password.txt:1", "Subject: "},
		},
		"HTML that cannot be escaped": {
			map[string]string{"verify-email.html": "<p>\n<a {{.Link}}{{if .Name}}'{{end}}>"}, []string{"verify-email.html"},
		},
		"misspelled name": {
			map[string]string{"verify_email.txt": "Subject: x\n"}, []string{"verify_email.txt", "unknown kind of email"},
		},
		"all at once": {
			map[string]string{"verify-email.txt": "Subject: x\n{{if}}", "reset-password.html": "{{.Foo}}"},
			[]string{"verify-email.txt:2", "reset-password.html:1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := templateFolder(t, test.files)
			_, err := LoadTemplates(dir, application)
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			require.ErrorContains(t, err, dir)
			require.ErrorContains(t, err, "LATCHKEY_MAIL_TEMPLATES: ")
		})
	}
	t.Run("no such folder", func(t *testing.T) {
		t.Parallel()
		_, err := LoadTemplates(filepath.Join(t.TempDir(), "none"), application)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.ErrorContains(t, err, "LATCHKEY_MAIL_TEMPLATES: ")
	})
	t.Run("a file instead of a folder", func(t *testing.T) {
		t.Parallel()
		_, err := LoadTemplates(filepath.Join(templateFolder(t, map[string]string{"file": ""}), "file"), application)
		require.ErrorContains(t, err, "LATCHKEY_MAIL_TEMPLATES: ")
		require.NotContains(t, err.Error(), "\n", "reported once, not for each template")
	})
}
