package mail

import (
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"time"

	"github.com/latchkey-auth/latchkey/internal/loopback"
)

// TLS is how a connection to the mail server is protected.
type TLS string

// The values of TLS.
const (
	StartTLS    TLS = "starttls" // starts in the clear and MUST switch to TLS (RFC 3207); the default
	ImplicitTLS TLS = "tls"      // TLS from the first byte (RFC 8314 §3.3)
	NoTLS       TLS = "none"     // only for a mail server on this machine
)

// The default ports.
const (
	submissionPort  = 587
	submissionsPort = 465 // with implicit TLS
)

// sendTimeout limits the sending of one message. It is shorter than the outbox's limit for a job.
const sendTimeout = 20 * time.Second

// SMTPOptions configure the mail server and the sender address.
type SMTPOptions struct {
	Host     string
	Port     int    // 0 is 587, or 465 with implicit TLS
	Username string // empty: do not authenticate
	Password string
	From     string         // ADDRESS or NAME <ADDRESS>
	TLS      TLS            // empty is StartTLS
	Timeout  time.Duration  // for one message; 0 is 20 s
	Roots    *x509.CertPool // nil is the system's
}

// withDefaults returns the options with defaults for what is not set.
func (o SMTPOptions) withDefaults() SMTPOptions {
	if o.TLS == "" {
		o.TLS = StartTLS
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
	return o
}

// check reports everything that is wrong with the options, and returns the parsed sender.
func (o SMTPOptions) check() (from *netmail.Address, err error) {
	var errs []error
	if o.Host == "" {
		errs = append(errs, errors.New("the mail server has no host"))
	}
	switch o.TLS {
	case StartTLS, ImplicitTLS:
	case NoTLS:
		if !loopback.Is(o.Host) {
			errs = append(errs, fmt.Errorf("email to %s would be sent in the clear, with links that open accounts; use starttls or tls", o.Host))
		}
	default:
		errs = append(errs, fmt.Errorf("unknown TLS mode %q; use starttls, tls or none", o.TLS))
	}
	if from, err = netmail.ParseAddress(o.From); err != nil {
		errs = append(errs, fmt.Errorf("the sender %q is not of the form ADDRESS or NAME <ADDRESS>", o.From))
	}
	return from, errors.Join(errs...)
}
