package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// How long the texts of an account may be.
const (
	maxUsername = 64   // characters
	maxEmail    = 254  // bytes (RFC 5321 §4.5.3.1.3)
	maxName     = 200  // characters
	maxPicture  = 2048 // bytes
)

// usernameKey gives the canonical form of a username: full-width letters and case folded, NFC
// (RFC 8265 §3.3). Names with one canonical form are the same name.
func usernameKey(username string) (string, error) {
	if strings.Contains(username, "@") {
		return "", Errorf(InvalidUsername, "the username may not contain an at sign; sign in with the e-mail address works anyway").At("/username")
	}
	if utf8.RuneCountInString(username) > maxUsername {
		return "", Errorf(InvalidUsername, "the username may have at most %d characters", maxUsername).At("/username")
	}
	key, err := precis.UsernameCaseMapped.String(username)
	if err != nil || key == "" {
		return "", Errorf(InvalidUsername, "the username may have letters, digits and punctuation, without spaces").At("/username").Wrap(err)
	}
	return foldCase(key), nil
}

// foldCase brings text to the form in which case makes no difference in any script: lower case
// alone would keep apart the two Greek letters for a small sigma.
func foldCase(text string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(text)))
}

// emailKey gives the canonical form of an address: case folded, NFC. It checks the shape alone;
// that the address is somebody's, only a letter to it can show.
func emailKey(email string) (string, error) {
	invalid := Errorf(InvalidEmail, "this is not an e-mail address").At("/email")
	local, domain, found := strings.Cut(email, "@")
	switch {
	case !found || local == "" || domain == "" || strings.Contains(domain, "@"):
		return "", invalid
	case len(email) > maxEmail || len(local) > 64 || !plainText(email) || strings.ContainsFunc(email, unicode.IsSpace):
		return "", invalid
	case strings.ContainsAny(email, `,;<>()[]\":`) || !domainShaped(domain):
		return "", invalid
	}
	return foldCase(email), nil
}

// domainShaped says whether every label of a domain has characters, and none begins or ends with a hyphen.
func domainShaped(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}

// loginKey gives the canonical form of what somebody typed as username or address, and says which
// of the two it is. What can be neither has a form too, so that tries with it are counted.
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

// plainText says whether s is valid UTF-8 without control characters. PostgreSQL refuses NUL in a
// text, SQLite would keep it.
func plainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// PrefixEnd is the first text after all those that begin with prefix, or empty if there is none. Both
// engines compare UTF-8 by bytes, which is the order of code points.
func PrefixEnd(prefix string) string {
	for len(prefix) > 0 {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch last {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // what follows are surrogates, which are no characters
			return prefix + "\uE000"
		}
		return prefix + string(last+1)
	}
	return ""
}
