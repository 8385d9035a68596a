package config

import (
	"net/mail"
	"net/url"
	"os"
	"time"
)

const smtpPasswordVariable = "LATCHKEY_SMTP_PASSWORD"

// Mail are the settings of letters. Without a host none are sent; in development they are kept in
// the inbox page.
type Mail struct {
	Host      string `name:"smtp-host" env:"LATCHKEY_SMTP_HOST" placeholder:"HOST" help:"Mail server. Without one no letters are sent; in development they are kept at /dev/mail. Its password has no flag: set LATCHKEY_SMTP_PASSWORD."`
	Port      int    `name:"smtp-port" env:"LATCHKEY_SMTP_PORT" placeholder:"PORT" help:"Port of the mail server. Default: 587, or 465 with tls."`
	Username  string `name:"smtp-username" env:"LATCHKEY_SMTP_USERNAME" placeholder:"NAME" help:"Name to sign in with at the mail server."`
	TLS       string `name:"smtp-tls" env:"LATCHKEY_SMTP_TLS" enum:"starttls,tls,none" default:"starttls" placeholder:"HOW" help:"starttls, tls (from the first byte) or none (on this machine only). Default: ${default}."`
	From      string `name:"mail-from" env:"LATCHKEY_MAIL_FROM" placeholder:"ADDRESS" help:"Whom letters are from, as in Example <no-reply@example.com>."`
	Name      string `name:"mail-name" env:"LATCHKEY_MAIL_NAME" default:"Latchkey" placeholder:"NAME" help:"What letters call the application. Default: ${default}."`
	Templates string `name:"mail-templates" env:"LATCHKEY_MAIL_TEMPLATES" placeholder:"DIR" help:"Folder with templates of your own, such as reset-password.txt and reset-password.html."`
	VerifyURL string `name:"verify-url" env:"LATCHKEY_VERIFY_URL" placeholder:"URL" help:"Page that confirms an address; the token follows behind #token=. Default: a page of this service."`
	ResetURL  string `name:"reset-url" env:"LATCHKEY_RESET_URL" placeholder:"URL" help:"Page that sets a password; the token follows behind #token=. Default: a page of this service."`

	// Password is that of the mail server. It has no flag.
	Password string `kong:"-"`
}

// Audit are the settings of the audit log.
type Audit struct {
	Retention time.Duration `name:"audit-retention" env:"LATCHKEY_AUDIT_RETENTION" default:"8760h" placeholder:"TIME" help:"How long audit events are kept, 24h or longer. Default: ${default}."`
}

// checkLetters checks the settings of letters.
func (m *Mail) checkLetters(f *faults) {
	m.Password = os.Getenv(smtpPasswordVariable)
	for name, page := range map[string]string{"LATCHKEY_VERIFY_URL": m.VerifyURL, "LATCHKEY_RESET_URL": m.ResetURL} {
		if u, err := url.Parse(page); page != "" && (err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "https" && !isLoopback(u.Host)) {
			f.add("%s: %q is not an https URL without a fragment", name, page)
		}
	}
	if m.Host == "" {
		return
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		f.add("LATCHKEY_MAIL_FROM: %q is not an address, as in Example <no-reply@example.com>", m.From)
	}
	if m.TLS == "none" && !isLoopback(m.Host) {
		f.add("LATCHKEY_SMTP_TLS: none is for a mail server on this machine; %s is another: use starttls or tls", m.Host)
	}
	if m.Username != "" && m.Password == "" {
		f.add("LATCHKEY_SMTP_PASSWORD is not set, and LATCHKEY_SMTP_USERNAME is")
	}
}
