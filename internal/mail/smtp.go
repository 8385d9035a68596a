package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// TLS says how a connection to the mail server is protected.
type TLS string

// The ways.
const (
	StartTLS    TLS = "starttls" // begins in the clear and MUST become TLS (RFC 3207); the default
	ImplicitTLS TLS = "tls"      // TLS from the first byte (RFC 8314 §3.3)
	NoTLS       TLS = "none"     // for a server on this machine
)

// The ports that are customary.
const (
	submissionPort  = 587
	submissionsPort = 465
)

// sendTimeout is for a whole letter. It is shorter than what the outbox gives a job.
const sendTimeout = 20 * time.Second

// SMTPOptions say by which server letters leave, and from whom.
type SMTPOptions struct {
	Host     string
	Port     int    // 0 is 587, or 465 with implicit TLS
	Username string // without one, nobody signs in
	Password string
	From     string         // an address, or NAME <ADDRESS>
	TLS      TLS            // empty is StartTLS
	Timeout  time.Duration  // for a whole letter; 0 is 20 s
	Roots    *x509.CertPool // nil is the system's
}

// SMTP sends letters by a mail server, each over a connection of its own.
type SMTP struct {
	SMTPOptions
	from *netmail.Address
}

var _ Sender = (*SMTP)(nil)

// NewSMTP checks the options, and reports all that is wrong. It opens no connection.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	var faults []error
	if o.Host == "" {
		faults = append(faults, errors.New("the mail server has no host"))
	}
	if o.TLS == "" {
		o.TLS = StartTLS
	}
	switch o.TLS {
	case StartTLS, ImplicitTLS:
	case NoTLS:
		if !isLoopback(o.Host) {
			faults = append(faults, fmt.Errorf("mail to %s would leave this machine in the clear, with links that open accounts: use starttls or tls", o.Host))
		}
	default:
		faults = append(faults, fmt.Errorf("%q is none of starttls, tls and none", o.TLS))
	}
	if o.Port == 0 {
		o.Port = submissionPort
		if o.TLS == ImplicitTLS {
			o.Port = submissionsPort
		}
	}
	if o.Timeout == 0 {
		o.Timeout = sendTimeout
	}
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		faults = append(faults, fmt.Errorf("the sender %q is not ADDRESS or NAME <ADDRESS>", o.From))
	}
	return &SMTP{o, from}, errors.Join(faults...)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Send gives a letter to the server. Once the server has taken it on, nothing that happens
// afterwards is a fault: sending again would deliver it twice (RFC 1047).
func (s *SMTP) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	line := &line{config: s.tlsConfig(), implicit: s.TLS == ImplicitTLS}
	defer line.close()
	defer context.AfterFunc(ctx, line.close)() // the library looks at ctx while it dials alone

	client, err := s.client(line)
	if err != nil {
		return err
	}
	letter, err := s.letter(m)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, letter)
	switch {
	case letter.IsDelivered():
		return nil
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("the mail server does not answer: %w", errors.Join(ctx.Err(), err))
	case err != nil:
		return fmt.Errorf("the mail server: %w", err)
	}
	return errors.New("the mail server did not take the letter on")
}

func (s *SMTP) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
}

// signIn is how to sign in, best first. PLAIN and LOGIN show the password to the server: the
// library refuses them on a connection in the clear to another machine.
var signIn = []gomail.SMTPAuthType{
	gomail.SMTPAuthSCRAMSHA256PLUS, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin,
}

func (s *SMTP) client(line *line) (*gomail.Client, error) {
	policy := gomail.TLSMandatory
	if s.TLS != StartTLS { // none, or already under TLS
		policy = gomail.NoTLS
	}
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTLSPolicy(policy),
		gomail.WithTimeout(2 * s.Timeout), // Send's own comes first
		gomail.WithTLSConfig(s.tlsConfig()), gomail.WithDialContextFunc(line.dial),
		gomail.WithoutNoop(), gomail.WithoutRset(), // one letter a connection
	}
	if s.Username != "" {
		options = append(options, gomail.WithOpportunisticSMTPAuth(signIn...),
			gomail.WithUsername(s.Username), gomail.WithPassword(s.Password))
	}
	return gomail.NewClient(s.Host, options...)
}

// letter writes a message in the form of RFC 5322: text, and HTML as the alternative.
func (s *SMTP) letter(m Message) (*gomail.Msg, error) {
	if strings.ContainsAny(m.To, "\r\n") {
		return nil, errors.New("the recipient is more than one line")
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	letter.FromMailAddress(s.from)
	letter.ToMailAddress(&netmail.Address{Address: m.To})
	letter.Subject(m.Subject)
	letter.SetDateWithValue(m.Date)
	letter.SetMessageIDWithValue(m.ID + "@" + domain)              // the same on every try: mailboxes can tell
	letter.SetGenHeader("Auto-Submitted", "auto-generated")        // RFC 3834 §5: no absence note comes back
	letter.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All") // and from Exchange neither
	letter.SetBodyString(gomail.TypeTextPlain, m.Text)
	letter.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return letter, nil
}
