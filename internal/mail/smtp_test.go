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

// options returns the options with which a client can send through the server.
func (s *testServer) options() SMTPOptions {
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

func newSender(t *testing.T, o SMTPOptions) *SMTP {
	t.Helper()
	s, err := NewSMTP(o)
	require.NoError(t, err)
	return s
}

var hello = Message{
	ID: "0b9f6d0e-5c2e-4a3b-9a57-6c1f3f0d8a11", To: "alice@example.org", Date: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	Subject: "Grüße an Alice", Text: "Hello Alice,\n\nhttps://example.com/account/verify#token=et_abc_def-ghi\n", HTML: "<p>Hello <b>Alice</b></p>",
}

func TestSend(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]serverOptions{
		"without TLS on loopback":          {},
		"STARTTLS with authentication":     {tls: true, auth: true},
		"implicit TLS with authentication": {implicit: true, auth: true},
		"STARTTLS without authentication":  {tls: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, o)
			options := server.options()
			if o.implicit {
				options.TLS = ImplicitTLS
			}
			require.NoError(t, newSender(t, options).Send(t.Context(), hello))
			got := server.messages()
			require.Len(t, got, 1)
			require.Equal(t, "no-reply@example.com", got[0].from)
			require.Equal(t, "alice@example.org", got[0].to)
			checkContent(t, got[0].content)
		})
	}
}

// checkContent checks a message as an email client reads it.
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

func TestSendFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server   serverOptions
		behavior behavior
		change   func(o *SMTPOptions)
		want     string
	}{
		"a server without STARTTLS": {
			change: func(o *SMTPOptions) { o.TLS = StartTLS }, want: "STARTTLS",
		},
		"an untrusted certificate": {
			server: serverOptions{tls: true}, change: func(o *SMTPOptions) { o.Roots = nil }, want: "certificate",
		},
		"an untrusted certificate, implicit TLS": {
			server: serverOptions{implicit: true}, change: func(o *SMTPOptions) { o.Roots, o.TLS = nil, ImplicitTLS }, want: "certificate",
		},
		"a wrong password": {
			server: serverOptions{tls: true, auth: true}, change: func(o *SMTPOptions) { o.Password = "sesame" }, want: "535",
		},
		"missing authentication": {
			server: serverOptions{tls: true, auth: true}, change: func(o *SMTPOptions) { o.Username = "" }, want: "authenticate",
		},
		"a full mailbox": {
			behavior: behavior{rcpt: &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}}, want: "mailbox full",
		},
		"an unknown recipient": {
			behavior: behavior{rcpt: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}}, want: "no such user",
		},
		"rejected content": {
			behavior: behavior{data: &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "spam"}}, want: "spam",
		},
		"a server that closes the connection": {behavior: behavior{refuse: true}, want: "mail server"},
		"a server that never sends a greeting": {
			behavior: behavior{hang: true}, change: func(o *SMTPOptions) { o.Timeout = 300 * time.Millisecond }, want: "does not respond",
		},
		"a server that never replies to the content": {
			behavior: behavior{stall: true}, change: func(o *SMTPOptions) { o.Timeout = 300 * time.Millisecond }, want: "does not respond",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, test.server)
			server.setBehavior(test.behavior)
			o := server.options()
			if test.change != nil {
				test.change(&o)
			}
			err := newSender(t, o).Send(t.Context(), hello)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "et_", "the error contains the token")
			if o.Password != "" {
				require.NotContains(t, err.Error(), o.Password)
			}
			require.Empty(t, server.messages())
		})
	}
}

func TestSendIsCanceled(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]behavior{"before the greeting": {hang: true}, "after the content": {stall: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, serverOptions{})
			server.setBehavior(b)
			ctx, stop := context.WithCancel(t.Context())
			if b.stall {
				go func() {
					<-server.received
					stop()
				}()
			} else {
				stop()
			}
			require.ErrorIs(t, newSender(t, server.options()).Send(ctx, hello), context.Canceled)
			stop()
		})
	}
}

// A message counts as sent once the server has accepted it, even if the connection then breaks.
func TestConnectionBreaksAfterAcceptance(t *testing.T) {
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
				_, _ = io.WriteString(conn, "250 accepted\r\n")
				return
			case lines.Text() == "DATA":
				_, _ = io.WriteString(conn, "354 continue\r\n")
			case strings.HasPrefix(lines.Text(), "EHLO"), strings.HasPrefix(lines.Text(), "MAIL"), strings.HasPrefix(lines.Text(), "RCPT"):
				_, _ = io.WriteString(conn, "250 OK\r\n")
			}
		}
	}()
	s := newSender(t, SMTPOptions{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, From: "a@example.com", TLS: NoTLS})
	require.NoError(t, s.Send(t.Context(), hello))
}

func TestRecipientMustBeOneAddress(t *testing.T) {
	t.Parallel()
	server := startServer(t, serverOptions{})
	for _, to := range []string{"a@example.com\r\nBcc: b@example.com", "a@example.com>\r\nRCPT TO:<b@example.com", "", "no address"} {
		m := hello
		m.To = to
		require.Error(t, newSender(t, server.options()).Send(t.Context(), m), to)
	}
	require.Empty(t, server.messages())
}

func TestSMTPOptions(t *testing.T) {
	t.Parallel()
	good := func() SMTPOptions { return SMTPOptions{Host: "mail.example.com", From: "a@example.com"} }
	t.Run("defaults", func(t *testing.T) {
		t.Parallel()
		o := good()
		require.Equal(t, 587, newSender(t, o).Port)
		require.Equal(t, StartTLS, newSender(t, o).TLS)
		o.TLS = ImplicitTLS
		require.Equal(t, 465, newSender(t, o).Port)
	})
	for name, test := range map[string]struct {
		change func(o *SMTPOptions)
		want   string // empty: valid
	}{
		"no TLS to another machine":  {func(o *SMTPOptions) { o.TLS = NoTLS }, "in the clear"},
		"no TLS to localhost":        {func(o *SMTPOptions) { o.TLS, o.Host = NoTLS, "localhost" }, ""},
		"no TLS to ::1":              {func(o *SMTPOptions) { o.TLS, o.Host = NoTLS, "::1" }, ""},
		"no TLS to another address":  {func(o *SMTPOptions) { o.TLS, o.Host = NoTLS, "10.0.0.1" }, "in the clear"},
		"unknown TLS mode":           {func(o *SMTPOptions) { o.TLS = "ssl" }, "starttls, tls or none"},
		"no host":                    {func(o *SMTPOptions) { o.Host = "" }, "no host"},
		"no sender":                  {func(o *SMTPOptions) { o.From = "" }, "the sender"},
		"a line break in the sender": {func(o *SMTPOptions) { o.From = "a@example.com\r\nX: y" }, "the sender"},
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
