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
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/outbox/outboxtest"
)

// accounts prepare a confirmation letter for every user but "nobody".
type accounts struct{ err error }

func (a accounts) Prepare(_ context.Context, order account.Letter) (account.Delivery, bool, error) {
	return account.Delivery{
		Kind: order.Kind, To: order.UserID + "@example.org", Username: order.UserID, Token: "et_" + order.UserID,
		Expires: time.Unix(1_800_000_000, 0),
		Follow:  []outbox.Job{outbox.New("notice-"+order.UserID, outbox.Notice, nil, time.Unix(0, 0))},
	}, order.UserID != "nobody", a.err
}

// post is a post office: a worker that sends letters to a server.
type post struct {
	store  *outboxtest.Store
	clock  *outboxtest.Clock
	worker *outbox.Worker
}

func newPost(t *testing.T, s Sender, letters int) *post {
	t.Helper()
	templates, err := LoadTemplates("", application)
	require.NoError(t, err)
	p := &post{store: outboxtest.NewStore(), clock: &outboxtest.Clock{}}
	for i := range letters {
		p.order(t, fmt.Sprintf("user%02d", i))
	}
	p.worker = &outbox.Worker{
		Store: p.store, Now: p.clock.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Handlers: map[outbox.Kind]outbox.Handler{
			outbox.Letter: Handler(accounts{}, s, templates, p.clock.Now),
			outbox.Notice: func(context.Context, outbox.Job) ([]outbox.Job, error) { return nil, nil },
		},
	}
	return p
}

func (p *post) order(t *testing.T, user string) {
	t.Helper()
	order := account.Letter{Kind: account.LetterVerify, UserID: user}
	require.NoError(t, p.store.Enqueue(t.Context(), outbox.New(account.NewID(), outbox.Letter, order, p.clock.Now())))
}

func (p *post) work(t *testing.T) {
	t.Helper()
	_, err := p.worker.Work(t.Context())
	require.NoError(t, err)
}

// recipients counts what a server has taken, by recipient.
func recipients(s *mailServer) map[string]int {
	all := map[string]int{}
	for _, letter := range s.letters() {
		all[letter.to]++
	}
	return all
}

const longest = 6 * time.Hour // between two tries

// Whatever the server does, every letter arrives once when it is well again.
func TestNoLetterIsLostAndNoneComesTwice(t *testing.T) {
	t.Parallel()
	const letters = 12
	server := startServer(t, serverOptions{tls: true, auth: true})
	o := server.options()
	o.Timeout = 2 * time.Second
	p := newPost(t, sender(t, o), letters)
	for _, m := range []mood{
		{gone: true},
		{rcpt: &smtp.SMTPError{Code: 450, Message: "greylisted"}},
		{rcpt: &smtp.SMTPError{Code: 550, Message: "no such user"}},
		{data: &smtp.SMTPError{Code: 554, Message: "refused"}},
	} {
		server.is(m)
		p.work(t)
		require.Len(t, p.store.Jobs(), letters)
		require.Empty(t, server.letters())
		p.clock.Advance(longest)
	}
	server.is(mood{})
	p.work(t)
	require.Empty(t, p.store.Jobs())
	got := recipients(server)
	require.Len(t, got, letters)
	for to, times := range got {
		require.Equal(t, 1, times, to)
	}
}

func TestHangingServerHoldsNobodyForLong(t *testing.T) {
	t.Parallel()
	server := startServer(t, serverOptions{})
	o := server.options()
	o.Timeout = 200 * time.Millisecond
	p := newPost(t, sender(t, o), 3)
	server.is(mood{hangs: true})
	p.work(t)
	for _, job := range p.store.Jobs() {
		require.Contains(t, job.LastError, "does not answer")
		require.NotContains(t, job.LastError, "et_")
	}
	server.is(mood{})
	p.worker.Handlers[outbox.Letter] = newPost(t, sender(t, server.options()), 0).worker.Handlers[outbox.Letter]
	p.clock.Advance(longest)
	p.work(t)
	require.Equal(t, map[string]int{"user00@example.org": 1, "user01@example.org": 1, "user02@example.org": 1}, recipients(server))
}

func TestStoppedWhileSending(t *testing.T) {
	t.Parallel()
	server := startServer(t, serverOptions{})
	p := newPost(t, sender(t, server.options()), 3)
	server.is(mood{stuck: true})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-server.busy
		stop()
	}()
	_, err := p.worker.Work(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, p.store.Jobs(), 3)

	server.is(mood{})
	p.clock.Advance(longest)
	p.work(t)
	require.Empty(t, p.store.Jobs())
	require.Equal(t, map[string]int{"user00@example.org": 1, "user01@example.org": 1, "user02@example.org": 1}, recipients(server))
}

// outcome is a sender that keeps the last letter and answers as it is told.
type outcome struct {
	err  error
	last Message
}

func (o *outcome) Send(_ context.Context, m Message) error {
	o.last = m
	return o.err
}

func TestHandler(t *testing.T) {
	t.Parallel()
	templates, err := LoadTemplates("", application)
	require.NoError(t, err)
	down := errors.New("down")
	clock := &outboxtest.Clock{}
	for name, test := range map[string]struct {
		user     string
		payload  string // instead of an order for user
		prepare  error
		send     error
		sent     bool
		followed bool
		fails    bool
	}{
		"sent":                    {user: "alice", sent: true, followed: true},
		"not needed":              {user: "nobody"},
		"not prepared":            {user: "alice", prepare: down, fails: true},
		"not sent":                {user: "alice", send: down, sent: true, fails: true, followed: true},
		"an order that is broken": {payload: `{"kind":`, fails: true},
		"an unknown letter":       {payload: `{"kind":"love","user_id":"alice"}`, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload := []byte(test.payload)
			if test.user != "" {
				payload, err = json.Marshal(account.Letter{Kind: account.LetterReset, UserID: test.user})
				require.NoError(t, err)
			}
			to := &outcome{err: test.send}
			handler := Handler(accounts{test.prepare}, to, templates, clock.Now)
			follow, err := handler(t.Context(), outbox.Job{ID: "job-1", Kind: outbox.Letter, Payload: payload})
			require.Equal(t, test.fails, err != nil, err)
			require.Equal(t, test.followed, len(follow) == 1)
			require.Equal(t, test.sent, to.last.ID == "job-1")
			if test.sent {
				require.Equal(t, clock.Now(), to.last.Date)
				require.Contains(t, to.last.Text, "#token=et_alice")
			}
		})
	}
}
