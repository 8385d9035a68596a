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

var delivery = account.Delivery{
	To: "alice@example.org", Username: "alice", Name: "Buy <b>now</b> at https://evil.example",
	Token: "et_Zm9v-_YmFy", Expires: time.Date(2026, 3, 2, 9, 5, 0, 0, time.FixedZone("CET", 3600)),
}

func TestBuiltinLetters(t *testing.T) {
	t.Parallel()
	templates, err := LoadTemplates("", application)
	require.NoError(t, err)
	for kind, test := range map[account.LetterKind]struct{ subject, link string }{
		account.LetterVerify:   {"Confirm your e-mail address for Acme <Shop>", "https://auth.example.com/account/verify#token=et_Zm9v-_YmFy"},
		account.LetterReset:    {"Set a new password for Acme <Shop>", "https://auth.example.com/account/reset#token=et_Zm9v-_YmFy"},
		account.LetterInvite:   {"Your account with Acme <Shop>", "https://auth.example.com/account/reset#token=et_Zm9v-_YmFy"},
		account.LetterPassword: {"Your password for Acme <Shop> was changed", ""},
		account.LetterAddress:  {"Your e-mail address for Acme <Shop> is about to change", ""},
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
				require.NotContains(t, text, "evil.example", "a stranger's words are in the letter")
				if test.link == "" {
					require.NotContains(t, text, "http")
					continue
				}
				require.Contains(t, text, test.link)
				require.Contains(t, text, "2 March 2026, 08:05 UTC")
			}
			require.NotContains(t, m.HTML, "<Shop>")
			require.NotContains(t, m.HTML, "<script")
		})
	}
}

// folder makes a folder of templates.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestOwnLetters(t *testing.T) {
	t.Parallel()
	templates, err := LoadTemplates(folder(t, map[string]string{
		"verify-email.txt": "Subject: Bitte bestätigen, {{.Name}}\r\n\r\nHier: {{.Link}}\n",
		"notes.md":         "ours",
	}), application)
	require.NoError(t, err)
	d := delivery
	d.Kind, d.Name = account.LetterVerify, "Alice\nBcc: all@example.com"
	m, err := templates.Render(d)
	require.NoError(t, err)
	require.Equal(t, "Bitte bestätigen, Alice", m.Subject, "a subject is one line, whatever a name holds")
	require.Contains(t, m.Text, "Hier: https://auth.example.com/account/verify#token=")
	require.Contains(t, m.HTML, "please confirm", "what is not in the folder is the built-in one")
}

func TestFaultyTemplatesAreNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"does not parse": {
			map[string]string{"verify-email.txt": "Subject: x\n\n{{if}}\n"}, []string{"verify-email.txt:3"},
		},
		"a field that no letter has": {
			map[string]string{"reset-password.txt": "Subject: x\n\n\n{{.Token}}\n"}, []string{"reset-password.txt:4", "Token"},
		},
		"no subject": {
			map[string]string{"set-password.txt": "Hello\n"}, []string{"set-password.txt:1", "Subject: "},
		},
		"HTML in which no value is safe": {
			map[string]string{"verify-email.html": "<p>\n<a {{.Link}}{{if .Name}}'{{end}}>"}, []string{"verify-email.html"},
		},
		"a misspelt name": {
			map[string]string{"verify_email.txt": "Subject: x\n"}, []string{"verify_email.txt", "there is no such letter"},
		},
		"all at once": {
			map[string]string{"verify-email.txt": "Subject: x\n{{if}}", "reset-password.html": "{{.Foo}}"},
			[]string{"verify-email.txt:2", "reset-password.html:1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, test.files)
			_, err := LoadTemplates(dir, application)
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			require.ErrorContains(t, err, dir)
		})
	}
	t.Run("no such folder", func(t *testing.T) {
		t.Parallel()
		_, err := LoadTemplates(filepath.Join(t.TempDir(), "none"), application)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}
