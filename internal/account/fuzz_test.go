package account

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

var hostileNames = []string{
	"alice", "ALICE", "ＡＬＩＣＥ", "José", "Jose\u0301", "straße", "ΣΊΣΥΦΟΣ", "Σ", "ſ", "K", "İ", "ı", "ﬁ", "Ǆ", "ᾳ", "ΐ", "\u0345", "\u1fb3\u0345",
	"a b", "a\u00a0b", "a\x00", "\xff", "a\u200bb", "\u202ea", "\u200d", "a/../b", "'; --", "a@b", "\u0640", "\u0660\u06f0", "l\u00b7l", "٠1", "אב1", "1א",
	"\U000e0001", "\ufeffa", "ᄀ가", "\u0300", "a\u0300\u0327", "ß", "ẞ", "Ⅷ", "①", "𝐀", "ʰ", "@", "a@b.example", "A@B.EXAMPLE", "a@b@c", "@b", "a@", "a@-b", "a@b..c", "ü@ü.example",
}

// A username has one canonical form, whose canonical form is itself. It is printable and has no space, so
// that it cannot be taken for another username or for an email address.
func FuzzUsername(f *testing.F) {
	for _, seed := range append(hostileNames, strings.Repeat("a", 65), strings.Repeat("ﷺ", 64)) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, username string) {
		login, email, possible := loginKey(username)
		key, err := usernameKey(username)
		if err != nil {
			require.Empty(t, key)
			require.False(t, possible && !email && username == strings.TrimSpace(username))
			return
		}
		require.True(t, utf8.ValidString(key))
		require.True(t, norm.NFC.IsNormalString(key), "%q", key)
		require.NotEmpty(t, key)
		require.False(t, strings.ContainsFunc(key, func(r rune) bool {
			return r == '@' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
		}), "%q", key)
		again, err := usernameKey(key)
		require.NoError(t, err, "%q", key)
		require.Equal(t, key, again, "the canonical form of %q", username)
		require.Equal(t, key, login, "a login with the username %q counts for that user", username)
	})
}

// The same for email addresses.
func FuzzEmail(f *testing.F) {
	for _, seed := range append(hostileNames, strings.Repeat("a", 64)+"@"+strings.Repeat("b", 189), `"a"@b`, "a,b@c", "a\r\nBcc: x@y", "a@b\u2028") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, email string) {
		key, err := emailKey(email)
		if err != nil {
			require.Empty(t, key)
			return
		}
		require.Equal(t, 1, strings.Count(key, "@"))
		require.False(t, strings.ContainsFunc(key, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`,;<>()[]\":`, r)
		}), "%q", key)
		require.Equal(t, key, foldCase(key), "the canonical form of %q", email)
		login, isEmail, possible := loginKey(email)
		require.True(t, isEmail && possible)
		require.Equal(t, key, login)
	})
}
