package account

import (
	"crypto/rand"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Length limits of the fields of an account.
const (
	maxUsername = 64   // characters
	maxEmail    = 254  // bytes (RFC 5321 §4.5.3.1.3)
	maxName     = 200  // characters
	maxPicture  = 2048 // bytes
)

// usernameKey returns the canonical form of a username: width and case folded, NFC (RFC 8265 §3.3).
// Usernames with the same canonical form are equal.
func usernameKey(username string) (string, error) {
	if strings.Contains(username, "@") {
		return "", fault.Errorf(InvalidUsername, "a username cannot contain @; you can sign in with your email address instead").At("/username")
	}
	if utf8.RuneCountInString(username) > maxUsername {
		return "", fault.Errorf(InvalidUsername, "a username can have at most %d characters", maxUsername).At("/username")
	}
	key, err := precis.UsernameCaseMapped.String(username)
	if err != nil || key == "" {
		return "", fault.Errorf(InvalidUsername, "a username consists of letters, digits and punctuation, without spaces").At("/username").Wrap(err)
	}
	return foldCase(key), nil
}

// A generated username has 26^8 forms, so a second attempt is rare and a fifth does not happen.
const (
	generatedPrefix  = "user-"
	generatedLetters = 8
	maxGenerated     = 5 // further attempts when a generated username is taken
)

// generatedUsername returns a random username for a user who has chosen none. It is in canonical form.
func generatedUsername() string {
	name := []byte(generatedPrefix)
	for len(name) < len(generatedPrefix)+generatedLetters {
		var b [1]byte
		_, _ = rand.Read(b[:])                // never fails: crypto/rand ends the program instead
		if letter := b[0] & 31; letter < 26 { // each letter is equally likely
			name = append(name, 'a'+letter)
		}
	}
	return string(name)
}

// foldCase returns text in a form in which case makes no difference in any script. Lower case is not
// enough: it would distinguish the two Greek small letters sigma.
func foldCase(text string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(text)))
}

// emailKey returns the canonical form of an email address: case folded, NFC. It checks only the shape;
// whether the address exists is shown by an email to it.
func emailKey(email string) (string, error) {
	invalid := fault.Errorf(InvalidEmail, "this is not an email address").At("/email")
	if len(email) > maxEmail || !PlainText(email) {
		return "", invalid
	}
	key := foldCase(email) // checked below: some characters have a canonical form that is not allowed
	local, domain, found := strings.Cut(key, "@")
	switch {
	case !found || local == "" || domain == "" || strings.Contains(domain, "@"):
		return "", invalid
	case len(key) > maxEmail || len(local) > 64 || strings.ContainsFunc(key, unicode.IsSpace):
		return "", invalid
	case strings.ContainsAny(key, `,;<>()[]\":`) || !domainShaped(domain):
		return "", invalid
	}
	return key, nil
}

// domainShaped reports whether no label of a domain is empty or begins or ends with a hyphen.
func domainShaped(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}

// loginKey returns the canonical form of what was typed as a username or email address, and reports
// which of the two it is. Text that can be neither has a form, too, so that attempts are counted.
func loginKey(login string) (key string, email, possible bool) {
	login = strings.TrimSpace(login)
	email = strings.Contains(login, "@")
	var err error
	if email {
		key, err = emailKey(login)
	} else {
		key, err = usernameKey(login)
	}
	if err != nil {
		return strings.ToLower(norm.NFKC.String(login)), email, false
	}
	return key, email, true
}

// PlainText reports whether s is valid UTF-8 without control characters. PostgreSQL rejects NUL in
// text, SQLite would store it.
func PlainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
