package mail

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// Application is what emails say about the service.
type Application struct {
	Name      string // as users know it
	VerifyURL string // page that confirms an email address; #token=TOKEN is appended
	ResetURL  string // page that sets a password; #token=TOKEN is appended
}

// TemplateData are the fields that a template can use. The built-in templates do not use Name: users
// choose it at sign-up, for any email address, and could send their own text to strangers with it.
type TemplateData struct {
	Application string
	Username    string
	Name        string
	Link        string    // empty if the email has no link
	Expires     time.Time // when the link stops working; UTC
}

// Render returns the message for a delivery. The caller sets its ID and Date.
func (t *Templates) Render(d account.PreparedMessage) (Message, error) {
	text, html := t.text[d.Kind], t.html[d.Kind]
	if text == nil {
		return Message{}, fmt.Errorf("unknown kind of email %q", d.Kind)
	}
	data := TemplateData{
		Application: t.application.Name, Username: d.Username, Name: d.Name,
		Link: t.link(d), Expires: d.Expires.UTC(),
	}
	var plain, rich bytes.Buffer
	if err := errors.Join(text.Execute(&plain, data), html.Execute(&rich, data)); err != nil {
		return Message{}, err
	}
	subject, body, _ := strings.Cut(plain.String(), "\n")
	return Message{
		To: d.To, Subject: strings.TrimSpace(strings.TrimPrefix(subject, subjectPrefix)),
		Text: strings.TrimLeft(body, "\r\n"), HTML: rich.String(),
	}, nil
}

// link returns the link with the token, or "" if the email has none. A token is a prefix and
// base64url, which needs no escaping in a fragment (RFC 3986 §3.5).
func (t *Templates) link(d account.PreparedMessage) string {
	switch {
	case d.Token == "":
		return ""
	case d.Kind == account.MessageVerify:
		return t.application.VerifyURL + "#token=" + d.Token
	default:
		return t.application.ResetURL + "#token=" + d.Token
	}
}
