package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/outbox/outboxtest"
)

// testAccounts prepares a confirmation email for every user except "verified".
type testAccounts struct{ err error }

func (a testAccounts) Prepare(_ context.Context, order account.Message) (account.PreparedMessage, bool, error) {
	return account.PreparedMessage{
		Kind: order.Kind, To: order.UserID + "@example.org", Username: order.UserID, Token: "et_" + order.UserID,
		Expires: time.Unix(1_800_000_000, 0),
		Follow:  []outbox.Job{outbox.New("notice-"+order.UserID, outbox.WebhookEvent, nil, time.Unix(0, 0))},
	}, order.UserID != "verified", a.err
}

// testWorker is an outbox worker that sends email.
type testWorker struct {
	store  *outboxtest.Store
	clock  *outboxtest.Clock
	worker *outbox.Worker
}

// newTestWorker returns a worker with a number of emails to send.
func newTestWorker(t *testing.T, s Sender, emails int) *testWorker {
	t.Helper()
	templates, err := LoadTemplates("", application)
	require.NoError(t, err)
	w := &testWorker{store: outboxtest.NewStore(), clock: &outboxtest.Clock{}}
	for i := range emails {
		w.enqueue(t, fmt.Sprintf("user%02d", i))
	}
	w.worker = &outbox.Worker{
		Store: w.store, Now: w.clock.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Handlers: map[outbox.Kind]outbox.Handler{
			outbox.Email:        Handler(testAccounts{}, s, templates, w.clock.Now),
			outbox.WebhookEvent: func(context.Context, outbox.Job) ([]outbox.Job, error) { return nil, nil },
		},
	}
	return w
}

func (w *testWorker) enqueue(t *testing.T, user string) {
	t.Helper()
	order := account.Message{Kind: account.MessageVerify, UserID: user}
	require.NoError(t, w.store.Enqueue(t.Context(), outbox.New(uuid.NewString(), outbox.Email, order, w.clock.Now())))
}

func (w *testWorker) run(t *testing.T) {
	t.Helper()
	_, err := w.worker.Work(t.Context())
	require.NoError(t, err)
}

// recipients returns the number of messages that a server has accepted for each recipient.
func recipients(s *testServer) map[string]int {
	all := map[string]int{}
	for _, m := range s.messages() {
		all[m.to]++
	}
	return all
}

const maxBackoff = 6 * time.Hour

// After any failure of the server, every email arrives exactly once.
func TestEveryEmailArrivesOnce(t *testing.T) {
	t.Parallel()
	const emails = 12
	server := startServer(t, serverOptions{tls: true, auth: true})
	o := server.options()
	o.Timeout = 2 * time.Second
	w := newTestWorker(t, newSender(t, o), emails)
	for _, b := range []behavior{
		{refuse: true},
		{rcpt: &smtp.SMTPError{Code: 450, Message: "greylisted"}},
		{rcpt: &smtp.SMTPError{Code: 550, Message: "no such user"}},
		{data: &smtp.SMTPError{Code: 554, Message: "rejected"}},
	} {
		server.setBehavior(b)
		w.run(t)
		require.Len(t, w.store.Jobs(), emails)
		require.Empty(t, server.messages())
		w.clock.Advance(maxBackoff)
	}
	server.setBehavior(behavior{})
	w.run(t)
	require.Empty(t, w.store.Jobs())
	got := recipients(server)
	require.Len(t, got, emails)
	for to, times := range got {
		require.Equal(t, 1, times, to)
	}
}

func TestHangingServerTimesOut(t *testing.T) {
	t.Parallel()
	server := startServer(t, serverOptions{})
	o := server.options()
	o.Timeout = 200 * time.Millisecond
	w := newTestWorker(t, newSender(t, o), 3)
	server.setBehavior(behavior{hang: true})
	w.run(t)
	for _, job := range w.store.Jobs() {
		require.Contains(t, job.LastError, "does not respond")
		require.NotContains(t, job.LastError, "et_")
	}
	server.setBehavior(behavior{})
	w.worker.Handlers[outbox.Email] = newTestWorker(t, newSender(t, server.options()), 0).worker.Handlers[outbox.Email]
	w.clock.Advance(maxBackoff)
	w.run(t)
	require.Equal(t, map[string]int{"user00@example.org": 1, "user01@example.org": 1, "user02@example.org": 1}, recipients(server))
}

func TestWorkerIsStoppedWhileSending(t *testing.T) {
	t.Parallel()
	server := startServer(t, serverOptions{})
	w := newTestWorker(t, newSender(t, server.options()), 3)
	server.setBehavior(behavior{stall: true})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-server.received
		stop()
	}()
	_, err := w.worker.Work(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, w.store.Jobs(), 3)

	server.setBehavior(behavior{})
	w.clock.Advance(maxBackoff)
	w.run(t)
	require.Empty(t, w.store.Jobs())
	require.Equal(t, map[string]int{"user00@example.org": 1, "user01@example.org": 1, "user02@example.org": 1}, recipients(server))
}

// fakeSender remembers the last message and returns err.
type fakeSender struct {
	err  error
	last Message
}

func (s *fakeSender) Send(_ context.Context, m Message) error {
	s.last = m
	return s.err
}

func TestHandler(t *testing.T) {
	t.Parallel()
	templates, err := LoadTemplates("", application)
	require.NoError(t, err)
	down := errors.New("down")
	clock := &outboxtest.Clock{}
	for name, test := range map[string]struct {
		user     string
		payload  string // used if user is empty
		prepare  error
		send     error
		sent     bool
		followed bool
		fails    bool
	}{
		"sent":            {user: "alice", sent: true, followed: true},
		"not needed":      {user: "verified"},
		"not prepared":    {user: "alice", prepare: down, fails: true},
		"not sent":        {user: "alice", send: down, sent: true, fails: true, followed: true},
		"invalid payload": {payload: `{"kind":`, fails: true},
		"unknown kind":    {payload: `{"kind":"newsletter","user_id":"alice"}`, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload := []byte(test.payload)
			if test.user != "" {
				payload, err = json.Marshal(account.Message{Kind: account.MessageReset, UserID: test.user})
				require.NoError(t, err)
			}
			sender := &fakeSender{err: test.send}
			handler := Handler(testAccounts{test.prepare}, sender, templates, clock.Now)
			follow, err := handler(t.Context(), outbox.Job{ID: "job-1", Kind: outbox.Email, Payload: payload})
			require.Equal(t, test.fails, err != nil, err)
			require.Equal(t, test.followed, len(follow) == 1)
			require.Equal(t, test.sent, sender.last.ID == "job-1")
			if test.sent {
				require.Equal(t, clock.Now(), sender.last.Date)
				require.Contains(t, sender.last.Text, "#token=et_alice")
			}
		})
	}
}
