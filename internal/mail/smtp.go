package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// SMTP sends messages through a mail server, each over its own connection.
type SMTP struct {
	SMTPOptions
	from *netmail.Address
}

var _ Sender = (*SMTP)(nil)

// NewSMTP returns a sender. It reports everything that is wrong with the options, and does not
// connect to the server.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	o = o.withDefaults()
	from, err := o.check()
	return &SMTP{o, from}, err
}

// Send sends a message. Once the server has accepted it, later errors are ignored: retrying would
// deliver the message twice (RFC 1047).
func (s *SMTP) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	conn := &connection{config: s.tlsConfig(), implicit: s.TLS == ImplicitTLS}
	defer conn.close()
	defer context.AfterFunc(ctx, conn.close)() // go-mail respects ctx only while it dials

	client, err := s.client(conn)
	if err != nil {
		return err
	}
	email, err := s.compose(m)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, email)
	switch {
	case email.IsDelivered():
		return nil
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("the mail server does not respond: %w", errors.Join(ctx.Err(), s.redact(err)))
	case err != nil:
		return fmt.Errorf("the mail server: %w", s.redact(err))
	}
	return errors.New("the mail server did not accept the message")
}

// Check connects to the server as Send does, with TLS and authentication, and sends nothing.
func (s *SMTP) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	conn := &connection{config: s.tlsConfig(), implicit: s.TLS == ImplicitTLS}
	defer conn.close()
	defer context.AfterFunc(ctx, conn.close)()
	client, err := s.client(conn)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("the mail server: %w", err)
	}
	_ = client.Close() // the server has accepted us
	return nil
}

func (s *SMTP) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
}

// authMechanisms are the ways to authenticate, best first. PLAIN and LOGIN reveal the password to
// the server; go-mail refuses them on an unencrypted connection to another machine.
var authMechanisms = []gomail.SMTPAuthType{
	gomail.SMTPAuthSCRAMSHA256PLUS, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin,
}

func (s *SMTP) client(conn *connection) (*gomail.Client, error) {
	policy := gomail.TLSMandatory
	if s.TLS != StartTLS { // no TLS, or connection.dial has started it
		policy = gomail.NoTLS
	}
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTLSPolicy(policy),
		gomail.WithTimeout(2 * s.Timeout), // the timeout in Send comes first
		gomail.WithTLSConfig(s.tlsConfig()), gomail.WithDialContextFunc(conn.dial),
		gomail.WithoutNoop(), gomail.WithoutRset(), // needed only for several messages per connection
	}
	if s.Username != "" {
		options = append(options, gomail.WithOpportunisticSMTPAuth(authMechanisms...),
			gomail.WithUsername(s.Username), gomail.WithPassword(s.Password))
	}
	return gomail.NewClient(s.Host, options...)
}

// compose writes a message in the format of RFC 5322, as text with HTML as the alternative.
func (s *SMTP) compose(m Message) (*gomail.Msg, error) {
	if strings.ContainsAny(m.To, "\r\n") {
		return nil, errors.New("the recipient contains a line break")
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	email := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	email.FromMailAddress(s.from)
	email.ToMailAddress(&netmail.Address{Address: m.To})
	email.Subject(m.Subject)
	email.SetDateWithValue(m.Date)
	email.SetMessageIDWithValue(m.ID + "@" + domain)              // the same on every attempt, so that mailboxes can drop duplicates
	email.SetGenHeader("Auto-Submitted", "auto-generated")        // RFC 3834 §5: asks for no automatic replies
	email.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All") // the same for Exchange
	email.SetBodyString(gomail.TypeTextPlain, m.Text)
	email.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return email, nil
}
