package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// postOffice is a real SMTP server on loopback that keeps what it takes.
type postOffice struct {
	mu    sync.Mutex
	taken []string // recipient, line end, content
}

// open serves at an address until the test ends.
func (p *postOffice) open(t *testing.T, address string) {
	t.Helper()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		require.NoError(t, <-done)
	})
}

// letters gives what was taken for an address.
func (p *postOffice) letters(to string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, letter := range p.taken {
		if content, found := strings.CutPrefix(letter, to+"\n"); found {
			all = append(all, content)
		}
	}
	return all
}

// counter is one conversation at the post office.
type counter struct {
	office *postOffice
	to     string
}

func (c *counter) Mail(string, *smtp.MailOptions) error      { return nil }
func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error { c.to = to; return nil }
func (c *counter) Reset()                                    {}
func (c *counter) Logout() error                             { return nil }

func (c *counter) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.taken = append(c.office.taken, c.to+"\n"+string(content))
	return nil
}

// freeAddress is one on loopback where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// A sign-up succeeds while the mail server is away, a power cut loses no letter, and when the server
// is there each letter arrives once.
func TestLettersOutliveEverything(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		address := freeAddress(t)
		_, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		settings := []string{"LATCHKEY_SMTP_HOST=127.0.0.1", "LATCHKEY_SMTP_PORT=" + port, "LATCHKEY_SMTP_TLS=none",
			"LATCHKEY_MAIL_FROM=Latchkey <no-reply@example.com>"}
		first := start(t, at, settings...)
		for _, name := range []string{"alice", "bob"} {
			require.Equal(t, http.StatusCreated, first.signUp(t, name, "a long enough one").status)
		}
		soon(t, func() bool { return strings.Contains(first.log.String(), "job failed") })
		require.Equal(t, http.StatusCreated, first.signUp(t, "carol", "a long enough one").status)
		first.kill()

		second := start(t, at, settings...)
		require.Equal(t, http.StatusCreated, second.signUp(t, "dora", "a long enough one").status)
		office := &postOffice{}
		office.open(t, address)
		names := []string{"alice", "bob", "carol", "dora"}
		// What was in hand when the power went waits until its lease has run out.
		inTheEnd := func(condition func() bool) { require.Eventually(t, condition, 3*patience, 50*time.Millisecond) }
		for _, name := range names {
			inTheEnd(func() bool { return len(office.letters(name+"@example.com")) > 0 })
		}
		inTheEnd(func() bool { return at.count(t, `SELECT count(*) FROM outbox`) == 0 })
		for _, name := range names {
			letters := office.letters(name + "@example.com")
			require.Len(t, letters, 1, name)
			require.Contains(t, letters[0], "Subject: Confirm your e-mail address")
		}
	})
}
