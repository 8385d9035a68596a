package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/mail"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// inboxPath is where development shows the letters that were sent.
const inboxPath = "/dev/mail"

// letters is how the service sends them.
type letters struct {
	handler outbox.Handler
	inbox   *mail.Inbox // development's, or nil
	log     *slog.Logger
}

// newLetters sends by the configured mail server. Without one they go to the inbox of development,
// and elsewhere nowhere: what was ordered then would be out of date when a server is there.
func newLetters(s config.Serve, accounts *account.Service, log *slog.Logger) (*letters, error) {
	templates, err := mail.LoadTemplates(s.Templates, mail.Application{
		Name: s.Name, VerifyURL: orElse(s.VerifyURL, s.Issuer+"/account/verify"), ResetURL: orElse(s.ResetURL, s.Issuer+"/account/reset"),
	})
	if err != nil {
		return nil, settingsError{err}
	}
	l := &letters{log: log}
	var sender mail.Sender
	switch {
	case s.Host != "":
		sender, err = mail.NewSMTP(mail.SMTPOptions{
			Host: s.Host, Port: s.Port, Username: s.Username, Password: s.Password, From: s.From, TLS: mail.TLS(s.TLS),
		})
	case s.Dev:
		l.inbox, err = mail.OpenInbox(filepath.Join(s.DataDir, "inbox"))
		sender = l.inbox
	default:
		log.Warn("letters are not sent: set LATCHKEY_SMTP_HOST")
		l.handler = func(context.Context, outbox.Job) ([]outbox.Job, error) { return nil, nil }
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	l.handler = mail.Handler(accounts, sender, templates, time.Now)
	return l, nil
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// serveInbox shows the letters of development.
func (l *letters) serveInbox(e *echo.Echo) {
	if l.inbox == nil {
		return
	}
	page := echo.WrapHandler(mail.InboxPage(l.inbox, inboxPath, l.log))
	e.GET(inboxPath, page)
	e.GET(inboxPath+"/*", page)
}

func (l *letters) close() error {
	if l.inbox == nil {
		return nil
	}
	return l.inbox.Close()
}

// newHooks calls hooks, with secrets derived from the master secrets.
func newHooks(db database, secrets [][]byte) *hook.Service {
	return hook.New(hook.Options{
		Store: db, Queue: db, Now: time.Now,
		Derive: func(label string) [][]byte {
			keys := make([][]byte, len(secrets))
			for i, secret := range secrets {
				keys[i] = keyring.Derive(secret, label)
			}
			return keys
		},
	})
}
