package account

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestUsernameKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		username string
		key      string // empty: invalid
	}{
		"lower case":          {"alice", "alice"},
		"capitals":            {"Alice", "alice"},
		"full-width":          {"ＡＬＩＣＥ", "alice"},
		"composed":            {"José", "josé"},
		"decomposed":          {"Jose\u0301", "josé"},
		"other scripts":       {"Жанна", "жанна"},
		"Greek":               {"ΟΔΥΣΣΕΥΣ", "οδυσσευσ"},
		"final sigma":         {"οδυσσευς", "οδυσσευσ"},
		"sharp s":             {"STRASSE", "strasse"},
		"digits, punctuation": {"a.b-c_d+1", "a.b-c_d+1"},
		"64 characters":       {strings.Repeat("ä", 64), strings.Repeat("ä", 64)},
		"65 characters":       {strings.Repeat("ä", 65), ""},
		"empty":               {"", ""},
		"at sign":             {"alice@home", ""},
		"space":               {"alice the", ""},
		"trailing space":      {"alice ", ""},
		"no-break space":      {"alice\u00a0x", ""},
		"NUL":                 {"alice\x00", ""},
		"line break":          {"alice\n", ""},
		"delete":              {"alice\x7f", ""},
		"zero-width joiner":   {"al\u200dice", ""},
		"right-to-left mark":  {"alice\u200f", ""},
		"emoji":               {"alice😀", ""},
		"invalid UTF-8":       {"\xff\xfe", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := usernameKey(c.username)
			if c.key != "" {
				require.NoError(t, err)
				require.Equal(t, c.key, key)
				again, err := usernameKey(key)
				require.NoError(t, err)
				require.Equal(t, key, again, "the key of a key is the key")
				return
			}
			var refused *fault.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, InvalidUsername, refused.Code)
			require.Equal(t, "/username", refused.Pointer)
		})
	}
}

func TestEmailKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		email string
		key   string // empty: invalid
	}{
		"plain":            {"alice@example.com", "alice@example.com"},
		"capitals":         {"Alice@EXAMPLE.com", "alice@example.com"},
		"tag and dots":     {"a.l+tag@mail.example.co.uk", "a.l+tag@mail.example.co.uk"},
		"decomposed":       {"jose\u0301@example.com", "josé@example.com"},
		"one label":        {"root@localhost", "root@localhost"},
		"254 bytes":        {"a@" + strings.Repeat("b", 252), "a@" + strings.Repeat("b", 252)},
		"255 bytes":        {"a@" + strings.Repeat("b", 253), ""},
		"local part of 65": {strings.Repeat("a", 65) + "@example.com", ""},
		"empty":            {"", ""},
		"no at sign":       {"alice.example.com", ""},
		"two at signs":     {"a@b@c", ""},
		"no local part":    {"@example.com", ""},
		"no domain":        {"alice@", ""},
		"empty label":      {"alice@example..com", ""},
		"trailing dot":     {"alice@example.com.", ""},
		"leading hyphen":   {"alice@-example.com", ""},
		"space":            {"al ice@example.com", ""},
		"header injection": {"alice@example.com\r\nBcc: x@y", ""},
		"two addresses":    {"a@b.com,c@d.com", ""},
		"display name":     {"Alice <a@b.com>", ""},
		"quotes":           {`"a b"@example.com`, ""},
		"address literal":  {"a@[127.0.0.1]", ""},
		"NUL":              {"a\x00@b.com", ""},
		"invalid UTF-8":    {"\xff@b.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := emailKey(c.email)
			if c.key != "" {
				require.NoError(t, err)
				require.Equal(t, c.key, key)
				return
			}
			require.ErrorIs(t, err, fault.Errorf(InvalidEmail, ""))
		})
	}
}

// Text that can be neither a username nor an email address has a key, too, so that attempts are counted.
func TestLoginKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		login    string
		key      string
		email    bool
		possible bool
	}{
		"username":           {"Alice", "alice", false, true},
		"spaces around":      {" alice ", "alice", false, true},
		"full-width":         {"ＡＬＩＣＥ", "alice", false, true},
		"address":            {"Alice@Example.com", "alice@example.com", true, true},
		"impossible name":    {"A lice", "a lice", false, false},
		"impossible address": {"A@B@C", "a@b@c", true, false},
		"nothing":            {"", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, email, possible := loginKey(c.login)
			require.Equal(t, c.key, key)
			require.Equal(t, c.email, email)
			require.Equal(t, c.possible, possible)
		})
	}
}
