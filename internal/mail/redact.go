package mail

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// oneTimeToken matches a one-time token in a link.
var oneTimeToken = regexp.MustCompile(`et_[A-Za-z0-9_-]{20,}`)

// redacted is an error of a mail server. Servers repeat what they refuse, the password or a link of the
// message, and the error reaches the log.
type redacted struct {
	error
	text string
}

func (r redacted) Error() string { return r.text }
func (r redacted) Unwrap() error { return r.error }

// redact returns an error whose text has neither the password, in any of the forms in which it is sent,
// nor a one-time token.
func (o SMTPOptions) redact(err error) error {
	text := oneTimeToken.ReplaceAllString(err.Error(), "et_…")
	if o.Password != "" {
		base64 := base64.StdEncoding.EncodeToString
		for _, secret := range []string{
			base64([]byte("\x00" + o.Username + "\x00" + o.Password)), // PLAIN (RFC 4616 §2)
			base64([]byte(o.Password)), o.Password,
		} {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return redacted{err, text}
}
