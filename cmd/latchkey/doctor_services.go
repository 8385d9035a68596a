package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"net/url"

	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/mail"
)

// checkMail signs in at the mail server and sends nothing.
func (d *doctor) checkMail(ctx context.Context) {
	m := d.settings.Mail
	switch {
	case m.Host == "" && d.settings.Dev:
		d.ok("mail", "email is shown at %s", inboxPath)
		return
	case m.Host == "":
		d.warn("mail", "set LATCHKEY_SMTP_HOST and LATCHKEY_MAIL_FROM", "no mail server is set: nobody can confirm an email address or reset a password")
		return
	}
	sender, err := newSMTP(m)
	if err != nil {
		return // reported with the settings
	}
	ctx, cancel := context.WithTimeout(ctx, examTimeout)
	defer cancel()
	if err := sender.Check(ctx); err != nil {
		d.fail("mail", mendMail(err), "%v", err)
		return
	}
	how := "TLS (" + m.TLS + ")"
	if m.TLS == string(mail.NoTLS) {
		how = "no TLS"
	}
	if m.Username != "" {
		how += " and signed in"
	}
	d.ok("mail", "%s accepts connections, with %s", m.Host, how)
}

// mendMail says what to do about an error of the mail server.
func mendMail(err error) string {
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply) && (reply.Code == 535 || reply.Code == 534 || reply.Code == 530):
		return "check LATCHKEY_SMTP_USERNAME and LATCHKEY_SMTP_PASSWORD"
	case isCertificateError(err):
		return "set LATCHKEY_SMTP_HOST to a name in the certificate of the server, and make this machine trust its authority"
	default:
		return "check LATCHKEY_SMTP_HOST, LATCHKEY_SMTP_PORT and LATCHKEY_SMTP_TLS, and that a firewall lets this machine out"
	}
}

func isCertificateError(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.HostnameError)) ||
		errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.CertificateInvalidError))
}

// maxHooks is how many webhooks are tried.
const maxHooks = 20

// checkHooks connects to the receivers of webhooks and sends nothing.
func (d *doctor) checkHooks(ctx context.Context) {
	if !d.migrated {
		return
	}
	hooks, err := d.db.Hooks(ctx)
	if err != nil {
		d.fail("webhooks", mendDatabase, "%v", err)
		return
	}
	reached := 0
	for _, h := range hooks[:min(len(hooks), maxHooks)] {
		if !h.Active {
			continue
		}
		if err := connectTo(ctx, h); err != nil {
			d.warn("webhooks", "check that the receiver runs and that a firewall lets this machine out, or run latchkey hook delete "+h.ID, "%v", err)
			continue
		}
		reached++
	}
	if reached > 0 {
		d.ok("webhooks", "%s accepts connections", count(reached, "receiver"))
	}
}

// connectTo opens a connection to the host of a webhook. Its errors do not have the rest of the URL.
func connectTo(ctx context.Context, h hook.Hook) error {
	u, err := url.Parse(h.URL)
	if err != nil {
		return errors.New("the URL of webhook " + h.ID + " is malformed")
	}
	ctx, cancel := context.WithTimeout(ctx, examTimeout/2)
	defer cancel()
	port := u.Port()
	if port == "" {
		port = u.Scheme // net knows the ports of http and https
	}
	address := net.JoinHostPort(u.Hostname(), port)
	var conn net.Conn
	if u.Scheme == "https" {
		conn, err = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return errors.New("no connection to " + u.Host + ": " + err.Error())
	}
	return conn.Close()
}
