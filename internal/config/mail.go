package config

import (
	"net/mail"
	"net/url"
	"os"

	"github.com/latchkey-auth/latchkey/internal/loopback"
)

const smtpPasswordVariable = "LATCHKEY_SMTP_PASSWORD"

// Mail has the settings of email. Without a host no email is sent, except in development, where the
// inbox page shows it.
type Mail struct {
	Host      string `name:"smtp-host" env:"LATCHKEY_SMTP_HOST" placeholder:"HOST" help:"SMTP server. Without one no email is sent; in development it is shown at /dev/mail instead. The password has no flag: set LATCHKEY_SMTP_PASSWORD."`
	Port      int    `name:"smtp-port" env:"LATCHKEY_SMTP_PORT" placeholder:"PORT" help:"Port of the SMTP server. Default: 587, or 465 with --smtp-tls=tls."`
	Username  string `name:"smtp-username" env:"LATCHKEY_SMTP_USERNAME" placeholder:"NAME" help:"Username at the SMTP server."`
	TLS       string `name:"smtp-tls" env:"LATCHKEY_SMTP_TLS" enum:"starttls,tls,none" default:"starttls" placeholder:"MODE" help:"How the connection to the SMTP server is encrypted: starttls, tls (from the first byte) or none (only for a server on this machine). Default: ${default}."`
	From      string `name:"mail-from" env:"LATCHKEY_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of all email, for example Example <no-reply@example.com>."`
	Name      string `name:"mail-name" env:"LATCHKEY_MAIL_NAME" default:"Latchkey" placeholder:"NAME" help:"Name of the application in email. Default: ${default}."`
	Templates string `name:"mail-templates" env:"LATCHKEY_MAIL_TEMPLATES" placeholder:"DIR" help:"Directory with your own email templates, for example reset-password.txt and reset-password.html."`
	VerifyURL string `name:"verify-url" env:"LATCHKEY_VERIFY_URL" placeholder:"URL" help:"Page that confirms an email address; the link in the email adds #token=TOKEN. Default: a page of this service."`
	ResetURL  string `name:"reset-url" env:"LATCHKEY_RESET_URL" placeholder:"URL" help:"Page that sets a new password; the link in the email adds #token=TOKEN. Default: a page of this service."`

	// Password is the password at the SMTP server. It has no flag, because flags are visible in the
	// process list.
	Password string `kong:"-"`
}

// resolve reads the password from the environment and checks all settings.
func (m *Mail) resolve(p *problems) {
	m.Password = os.Getenv(smtpPasswordVariable)
	checkPage("LATCHKEY_VERIFY_URL", m.VerifyURL, p)
	checkPage("LATCHKEY_RESET_URL", m.ResetURL, p)
	if m.Host == "" {
		return
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		p.add("LATCHKEY_MAIL_FROM: %q is not an email address, for example Example <no-reply@example.com>", m.From)
	}
	if m.TLS == "none" && !loopback.Is(m.Host) {
		p.add("LATCHKEY_SMTP_TLS: none is only for a mail server on this machine, and %s is remote: use starttls or tls", m.Host)
	}
	if m.Username != "" && m.Password == "" {
		p.add("LATCHKEY_SMTP_PASSWORD is not set, but LATCHKEY_SMTP_USERNAME is: set both or neither")
	}
}

// checkPage checks the URL of a page that email links to; empty means the service's own page.
func checkPage(name, page string, p *problems) {
	if page == "" {
		return
	}
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "https" && !loopback.Is(u.Host) {
		p.add("%s: %q is not an https URL without a fragment", name, page)
	}
}
