package postgres

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	silentAfter  = 300 * time.Millisecond // how long a call waits for the server before asking whether it is there
	askAgain     = 400 * time.Millisecond // and how long until it asks again
	answerWithin = 550 * time.Millisecond // how long the server has to answer that
	silentFor    = 300 * time.Millisecond // how long the result is used when the server did not answer
)

// errSilent is the cause of a call that was given up because the server did not answer.
var errSilent = errors.New("the database server does not answer")

// silence finds out whether the network has swallowed the connections to the server. A statement that
// takes long looks the same as one whose packets are dropped, and the system notices the latter only
// after minutes. So a call that waits asks the server whether it is there, over a new connection: if it
// is, the call may go on waiting; if not, and nothing arrives on any other connection meanwhile, all calls
// fail and all connections are closed.
type silence struct {
	addresses []address
	dialer    net.Dialer
	watching  atomic.Bool  // whether calls are watched
	received  atomic.Int64 // when something last arrived on a connection, in Unix nanoseconds

	mu       sync.Mutex
	conns    map[*conn]struct{}
	answered bool          // the server has answered once, so that no answer means something
	silent   bool          // it did not answer when it was last asked
	askedAt  time.Time     // when that ended
	asking   chan struct{} // closed when the question under way ends; nil if there is none
}

type address struct{ network, address string }

// FailFast makes every later call fail within a second when the network drops the packets of all hosts.
// A service needs that, because its clients wait. A start and a command rather wait themselves.
func (s *Store) FailFast() {
	s.silence.answers() // the first answer shows that this server can be asked
	s.silence.watching.Store(true)
}

// newSilence watches the hosts of a configuration, whose connections it tracks.
func newSilence(config *pgx.ConnConfig) *silence {
	s := &silence{conns: map[*conn]struct{}{}}
	add := func(host string, port uint16) {
		network, where := pgconn.NetworkAddress(host, port)
		if a := (address{network, where}); !slices.Contains(s.addresses, a) {
			s.addresses = append(s.addresses, a)
		}
	}
	add(config.Host, config.Port)
	for _, f := range config.Fallbacks {
		add(f.Host, f.Port)
	}
	config.DialFunc = s.tracked(config.DialFunc)
	return s
}

// watch returns a context for one call, which is canceled with the cause errSilent when the server does
// not answer. If it is known not to, watch asks first. Call stop when the call has ended.
func (s *silence) watch(ctx context.Context) (watched context.Context, stop func()) {
	if !s.watching.Load() {
		return ctx, func() {}
	}
	watched, cancel := context.WithCancelCause(ctx)
	if s.isSilent() && !s.answers() {
		cancel(errSilent)
		return watched, func() {}
	}
	w := &watcher{silence: s, cancel: cancel}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(silentAfter, w.ask)
	return watched, w.stop
}

// watcher watches one call.
type watcher struct {
	silence *silence
	cancel  context.CancelCauseFunc
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

func (w *watcher) ask() {
	if !w.silence.answers() {
		w.cancel(errSilent)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.timer.Reset(askAgain)
	}
}

func (w *watcher) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
	w.cancel(nil)
}

func (s *silence) isSilent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent
}

// answers reports whether the server answers. It asks at most once at a time, for all callers.
func (s *silence) answers() bool {
	s.mu.Lock()
	if asking := s.asking; asking != nil {
		s.mu.Unlock()
		<-asking
		return !s.isSilent()
	}
	if s.silent && time.Since(s.askedAt) < silentFor {
		s.mu.Unlock()
		return false
	}
	done := make(chan struct{})
	s.asking = done
	s.mu.Unlock()

	begin := time.Now().UnixNano()
	s.conclude(s.ask() || s.received.Load() > begin)
	close(done)
	return !s.isSilent()
}

// conclude remembers whether the server answered, and closes the connections to one that did not.
func (s *silence) conclude(answer bool) {
	s.mu.Lock()
	s.asking, s.askedAt = nil, time.Now()
	s.answered = s.answered || answer
	s.silent = s.answered && !answer
	var lost []*conn
	if s.silent {
		lost = slices.Collect(maps.Keys(s.conns))
	}
	s.mu.Unlock()
	for _, c := range lost {
		_ = c.Close()
	}
}

// ask reports whether any of the hosts answers.
func (s *silence) ask() bool {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	answers := make(chan bool, len(s.addresses))
	for _, a := range s.addresses {
		go func() { answers <- s.askHost(ctx, a) }()
	}
	for range s.addresses {
		if <-answers {
			return true
		}
	}
	return false
}

// sslRequest asks the server whether it supports TLS, which it answers with one byte, before it knows
// the user (PostgreSQL documentation, SSLRequest).
var sslRequest = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}

func (s *silence) askHost(ctx context.Context, a address) bool {
	c, err := s.dialer.DialContext(ctx, a.network, a.address)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return false
	}
	if _, err := c.Write(sslRequest); err != nil {
		return false
	}
	_, err = io.ReadFull(c, make([]byte, 1))
	return err == nil
}

// conn is a connection that silence can close.
type conn struct {
	net.Conn
	silence *silence
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.silence.received.Store(time.Now().UnixNano())
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.silence.mu.Lock()
	delete(c.silence.conns, c)
	c.silence.mu.Unlock()
	return c.Conn.Close()
}

// tracked returns a dial function whose connections are tracked. While the server does not answer it
// fails at once, so that the driver does not wait for it to end what was lost.
func (s *silence) tracked(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if s.isSilent() {
			return nil, errSilent
		}
		raw, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: raw, silence: s}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		return c, nil
	}
}
