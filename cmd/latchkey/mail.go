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
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/mail"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/web"
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

// mailSetting tells a command whether the running service sends email.
type mailSetting struct {
	SMTPHost string `name:"smtp-host" env:"LATCHKEY_SMTP_HOST" placeholder:"HOST" help:"SMTP server of the running service. Without one the user could not get a link, and the command refuses to ask for it."`
}

// requireMail returns an error if the running service neither sends email nor keeps it in the development
// inbox.
func (m mailSetting) requireMail(dataDir string) error {
	if m.SMTPHost == "" && !hasInbox(dataDir) {
		return readable(account.ErrNoMail)
	}
	return nil
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

// serveInbox adds the page of the development inbox and what it calls, if there is an inbox.
func (m *mailer) serveInbox(e *echo.Echo, site *web.Site) {
	if m.inbox == nil {
		return
	}
	page := func(c echo.Context) error {
		return site.Serve(c.Response(), c.Request(), web.Page{Name: "mail", Frames: true})
	}
	e.GET(inboxPath, page)
	e.GET(inboxPath+"/:id", page)
	messages := inboxPath + "/messages"
	handle := mail.InboxAPI(m.inbox, messages, m.log)
	call := func(c echo.Context) error {
		httpapi.LogQuietly(c)
		handle.ServeHTTP(c.Response(), c.Request())
		return nil
	}
	e.GET(messages, call)
	e.DELETE(messages, call)
	e.GET(messages+"/*", call)
}

func (m *mailer) close() error {
	if m.inbox == nil {
		return nil
	}
	return m.inbox.Close()
}
