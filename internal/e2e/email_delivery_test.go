package e2e

import (
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// Sign-ups succeed while the mail server is down. Neither the outage nor SIGKILL loses an email, and
// each is delivered once.
func TestEmailSurvivesOutageAndKill(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		address := freeAddress(t)
		_, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		settings := []string{"LATCHKEY_SMTP_HOST=127.0.0.1", "LATCHKEY_SMTP_PORT=" + port, "LATCHKEY_SMTP_TLS=none",
			"LATCHKEY_MAIL_FROM=Latchkey <no-reply@example.com>"}
		first := start(t, inst, settings...)
		first.mustSignUp(t, "alice", validPassword)
		first.mustSignUp(t, "bob", validPassword)
		eventually(t, func() bool { return strings.Contains(first.log.String(), "job failed") })
		first.mustSignUp(t, "carol", validPassword)
		first.kill()

		second := start(t, inst, settings...)
		second.mustSignUp(t, "dora", validPassword)
		mailServer := startSMTP(t, address)
		// A job that was under way when the server was killed waits until its lease has expired.
		afterLease := func(condition func() bool) { require.Eventually(t, condition, 3*waitTimeout, 50*time.Millisecond) }
		names := []string{"alice", "bob", "carol", "dora"}
		for _, name := range names {
			afterLease(func() bool { return len(mailServer.received(name+"@example.com")) > 0 })
		}
		afterLease(func() bool { return inst.queryInt(t, `SELECT count(*) FROM outbox`) == 0 })
		for _, name := range names {
			received := mailServer.received(name + "@example.com")
			require.Len(t, received, 1, name)
			require.Contains(t, received[0], "Subject: "+verifySubject)
		}
	})
}

// freeAddress returns a loopback address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// smtpServer is an SMTP server that keeps the messages it receives.
type smtpServer struct {
	mu       sync.Mutex
	messages []message
}

type message struct{ to, content string }

// startSMTP serves at an address until the test ends.
func startSMTP(t *testing.T, address string) *smtpServer {
	t.Helper()
	s := &smtpServer{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &smtpSession{server: s}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		require.NoError(t, <-done)
	})
	return s
}

// received returns the messages to an address.
func (s *smtpServer) received(to string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, m := range s.messages {
		if m.to == to {
			all = append(all, m.content)
		}
	}
	return all
}

// smtpSession receives one message.
type smtpSession struct {
	server *smtpServer
	to     string
}

func (s *smtpSession) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (s *smtpSession) Reset()                                    {}
func (s *smtpSession) Logout() error                             { return nil }

func (s *smtpSession) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.messages = append(s.server.messages, message{s.to, string(content)})
	return nil
}
