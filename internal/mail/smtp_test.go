package mail

import (
	"bufio"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// options give letters to a server, as it wants it.
func (s *mailServer) options() SMTPOptions {
	o := SMTPOptions{
		Host: "127.0.0.1", Port: s.port, From: "Latchkey <no-reply@example.com>", Roots: s.roots, TLS: NoTLS, Timeout: 20 * time.Second,
	}
	if s.roots != nil {
		o.TLS = StartTLS
	}
	if s.auth {
		o.Username, o.Password = serverUser, serverPassword
	}
	return o
}

func sender(t *testing.T, o SMTPOptions) *SMTP {
	t.Helper()
	s, err := NewSMTP(o)
	require.NoError(t, err)
	return s
}

var hello = Message{
	ID: "0b9f6d0e-5c2e-4a3b-9a57-6c1f3f0d8a11", To: "alice@example.org", Date: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	Subject: "Grüße an Alice", Text: "Hello Alice,\n\nhttps://example.com/account/verify#token=et_abc_def-ghi\n", HTML: "<p>Hello <b>Alice</b></p>",
}

func TestLetterArrivesWhole(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]serverOptions{
		"in the clear on loopback":         {},
		"STARTTLS and signing in":          {tls: true, auth: true},
		"implicit TLS and signing in":      {implicit: true, auth: true},
		"STARTTLS and nobody need sign in": {tls: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, o)
			options := server.options()
			if o.implicit {
				options.TLS = ImplicitTLS
			}
			require.NoError(t, sender(t, options).Send(t.Context(), hello))
			got := server.letters()
			require.Len(t, got, 1)
			require.Equal(t, "no-reply@example.com", got[0].from)
			require.Equal(t, "alice@example.org", got[0].to)
			checkContent(t, got[0].content)
		})
	}
}

// checkContent reads a letter as a mail program does.
func checkContent(t *testing.T, content string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(content))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, hello.Subject, subject)
	require.Equal(t, "<"+hello.ID+"@example.com>", m.Header.Get("Message-Id"))
	require.Equal(t, "auto-generated", m.Header.Get("Auto-Submitted"))
	require.Equal(t, `"Latchkey" <no-reply@example.com>`, m.Header.Get("From"))
	require.Equal(t, "<alice@example.org>", m.Header.Get("To"))
	date, err := m.Header.Date()
	require.NoError(t, err)
	require.True(t, date.Equal(hello.Date))

	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for _, want := range []struct{ kind, text string }{{"text/plain", hello.Text}, {"text/html", hello.HTML}} {
		part, err := parts.NextRawPart()
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(part.Header.Get("Content-Type"), want.kind), part.Header)
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		require.Equal(t, want.text, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
}

func TestLetterIsNotSent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server serverOptions
		mood   mood
		change func(o *SMTPOptions)
		want   string
	}{
		"a server without STARTTLS": {
			change: func(o *SMTPOptions) { o.TLS = StartTLS }, want: "STARTTLS",
		},
		"a certificate of nobody's": {
			server: serverOptions{tls: true}, change: func(o *SMTPOptions) { o.Roots = nil }, want: "certificate",
		},
		"a certificate of nobody's, implicit TLS": {
			server: serverOptions{implicit: true}, change: func(o *SMTPOptions) { o.Roots, o.TLS = nil, ImplicitTLS }, want: "certificate",
		},
		"a wrong password": {
			server: serverOptions{tls: true, auth: true}, change: func(o *SMTPOptions) { o.Password = "sesame" }, want: "535",
		},
		"nobody signs in": {
			server: serverOptions{tls: true, auth: true}, change: func(o *SMTPOptions) { o.Username = "" }, want: "authenticate",
		},
		"a full mailbox": {
			mood: mood{rcpt: &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}}, want: "mailbox full",
		},
		"an unknown recipient": {
			mood: mood{rcpt: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}}, want: "no such user",
		},
		"a content that is refused": {
			mood: mood{data: &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "spam"}}, want: "spam",
		},
		"a server that is gone": {mood: mood{gone: true}, want: "mail server"},
		"a server that says nothing": {
			mood: mood{hangs: true}, change: func(o *SMTPOptions) { o.Timeout = 300 * time.Millisecond }, want: "does not answer",
		},
		"a server that never says whether it took the letter": {
			mood: mood{stuck: true}, change: func(o *SMTPOptions) { o.Timeout = 300 * time.Millisecond }, want: "does not answer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, test.server)
			server.is(test.mood)
			o := server.options()
			if test.change != nil {
				test.change(&o)
			}
			err := sender(t, o).Send(t.Context(), hello)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "et_", "a token is in the error")
			if o.Password != "" {
				require.NotContains(t, err.Error(), o.Password)
			}
			require.Empty(t, server.letters())
		})
	}
}

func TestSendingIsStopped(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]mood{"at the greeting": {hangs: true}, "at the content": {stuck: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, serverOptions{})
			server.is(m)
			ctx, stop := context.WithCancel(t.Context())
			if m.stuck {
				go func() {
					<-server.busy
					stop()
				}()
			} else {
				stop()
			}
			require.ErrorIs(t, sender(t, server.options()).Send(ctx, hello), context.Canceled)
			stop()
		})
	}
}

// A server that takes a letter on and drops the connection has taken it on.
func TestDroppedAfterTheLetterWasTaken(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		lines := bufio.NewScanner(conn)
		_, _ = io.WriteString(conn, "220 ready\r\n")
		for lines.Scan() {
			switch {
			case lines.Text() == ".":
				_, _ = io.WriteString(conn, "250 taken\r\n")
				return
			case lines.Text() == "DATA":
				_, _ = io.WriteString(conn, "354 go on\r\n")
			case strings.HasPrefix(lines.Text(), "EHLO"), strings.HasPrefix(lines.Text(), "MAIL"), strings.HasPrefix(lines.Text(), "RCPT"):
				_, _ = io.WriteString(conn, "250 fine\r\n")
			}
		}
	}()
	s := sender(t, SMTPOptions{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, From: "a@example.com", TLS: NoTLS})
	require.NoError(t, s.Send(t.Context(), hello))
}

func TestRecipientIsOneAddress(t *testing.T) {
	t.Parallel()
	server := startServer(t, serverOptions{})
	for _, to := range []string{"a@example.com\r\nBcc: b@example.com", "a@example.com>\r\nRCPT TO:<b@example.com", "", "no address"} {
		m := hello
		m.To = to
		require.Error(t, sender(t, server.options()).Send(t.Context(), m), to)
	}
	require.Empty(t, server.letters())
}

func TestSMTPOptions(t *testing.T) {
	t.Parallel()
	good := func() SMTPOptions { return SMTPOptions{Host: "mail.example.com", From: "a@example.com"} }
	t.Run("defaults", func(t *testing.T) {
		t.Parallel()
		o := good()
		require.Equal(t, 587, sender(t, o).Port)
		require.Equal(t, StartTLS, sender(t, o).TLS)
		o.TLS = ImplicitTLS
		require.Equal(t, 465, sender(t, o).Port)
	})
	for name, test := range map[string]struct {
		change func(o *SMTPOptions)
		want   string // empty if it is no fault
	}{
		"in the clear to elsewhere":  {func(o *SMTPOptions) { o.TLS = NoTLS }, "in the clear"},
		"in the clear to localhost":  {func(o *SMTPOptions) { o.TLS, o.Host = NoTLS, "localhost" }, ""},
		"in the clear to ::1":        {func(o *SMTPOptions) { o.TLS, o.Host = NoTLS, "::1" }, ""},
		"in the clear to an address": {func(o *SMTPOptions) { o.TLS, o.Host = NoTLS, "10.0.0.1" }, "in the clear"},
		"an unknown way":             {func(o *SMTPOptions) { o.TLS = "ssl" }, "starttls, tls and none"},
		"no host":                    {func(o *SMTPOptions) { o.Host = "" }, "no host"},
		"no sender":                  {func(o *SMTPOptions) { o.From = "" }, "the sender"},
		"a sender of two lines":      {func(o *SMTPOptions) { o.From = "a@example.com\r\nX: y" }, "the sender"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good()
			test.change(&o)
			_, err := NewSMTP(o)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}
