package main

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/mail"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// inboxPath is where the service shows email in development.
const inboxPath = "/dev/mail"

// inboxDir returns where the development inbox keeps email.
func inboxDir(dataDir string) string { return filepath.Join(dataDir, "inbox") }

// hasInbox reports whether a service in development keeps its email in the data directory.
func hasInbox(dataDir string) bool {
	info, err := os.Stat(inboxDir(dataDir))
	return err == nil && info.IsDir()
}

// mailer sends email, or keeps it in the development inbox.
type mailer struct {
	handler outbox.Handler
	inbox   *mail.Inbox // nil except in development
	log     *slog.Logger
}

// newMailer sends through the configured SMTP server. Without one, email goes to the inbox in
// development and is discarded otherwise: its links would have expired by the time a server is
// configured.
func newMailer(s config.Serve, accounts *account.Service, log *slog.Logger) (*mailer, error) {
	templates, err := mail.LoadTemplates(s.Mail.Templates, mail.Application{
		Name:      s.Mail.Name,
		VerifyURL: cmp.Or(s.Mail.VerifyURL, s.Issuer+"/account/verify"),
		ResetURL:  cmp.Or(s.Mail.ResetURL, s.Issuer+"/account/reset"),
	})
	if err != nil {
		return nil, settingsError{err}
	}
	m := &mailer{log: log}
	var sender mail.Sender
	switch {
	case s.Mail.Host != "":
		sender, err = newSMTP(s.Mail)
	case s.Dev:
		m.inbox, err = mail.OpenInbox(inboxDir(s.DataDir))
		sender = m.inbox
	default:
		log.Warn("email is not sent; set LATCHKEY_SMTP_HOST to send it")
		m.handler = func(context.Context, outbox.Job) ([]outbox.Job, error) { return nil, nil }
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	m.handler = mail.Handler(accounts, sender, templates, time.Now)
	return m, nil
}

func newSMTP(m config.Mail) (*mail.SMTP, error) {
	return mail.NewSMTP(mail.SMTPOptions{
		Host: m.Host, Port: m.Port, Username: m.Username, Password: m.Password, From: m.From, TLS: mail.TLS(m.TLS),
	})
}

// serveInbox adds the page of the development inbox, if there is one.
func (m *mailer) serveInbox(e *echo.Echo) {
	if m.inbox == nil {
		return
	}
	page := echo.WrapHandler(mail.InboxPage(m.inbox, inboxPath, m.log))
	e.GET(inboxPath, page)
	e.GET(inboxPath+"/*", page)
}

func (m *mailer) close() error {
	if m.inbox == nil {
		return nil
	}
	return m.inbox.Close()
}
