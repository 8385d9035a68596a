package password

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// workArgument makes the test program a process for hashes, see TestMain.
const workArgument = "compute-hashes"

// counted starts processes for hashes and remembers them.
type counted struct {
	mu   sync.Mutex
	cmds []*exec.Cmd
}

func (c *counted) start() *exec.Cmd {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd := exec.CommandContext(context.Background(), os.Args[0], workArgument)
	c.cmds = append(c.cmds, cmd)
	return cmd
}

func (c *counted) started() []*exec.Cmd {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmds
}

// withProcesses returns a Hasher that computes in processes, and what it has started.
func withProcesses(t *testing.T, slots int) (*Hasher, *counted) {
	t.Helper()
	var c counted
	h := newHasher(t, Options{Slots: slots, Process: c.start, Wait: time.Minute, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(h.Close)
	return h, &c
}

// A process computes what this one would, for passwords of any bytes.
func TestProcessComputesTheSame(t *testing.T) {
	t.Parallel()
	h, c := withProcesses(t, 1)
	here := newHasher(t, Options{})
	for _, password := range []string{"right", "Grüße, 世界 🌍", "\x00\xff\xfe", string(bytes.Repeat([]byte("a"), 4096))} {
		hash, err := h.Hash(t.Context(), password)
		require.NoError(t, err)
		for _, hasher := range []*Hasher{h, here} {
			ok, outdated, err := hasher.Verify(t.Context(), hash, password)
			require.NoError(t, err)
			require.True(t, ok, "%q", password)
			require.False(t, outdated)
			ok, _, err = hasher.Verify(t.Context(), hash, password+"x")
			require.NoError(t, err)
			require.False(t, ok, "%q", password)
		}
	}
	legacy, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	require.NoError(t, err)
	ok, outdated, err := h.Verify(t.Context(), string(legacy), "right")
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, outdated)
	for _, hash := range []string{"", "unreadable"} {
		ok, _, err := h.Verify(t.Context(), hash, "right")
		require.NoError(t, err)
		require.False(t, ok, "the decoy never matches")
	}
	require.Len(t, c.started(), 1, "one process for one slot")
}

func TestAsManyProcessesAsSlots(t *testing.T) {
	t.Parallel()
	h, c := withProcesses(t, 3)
	var failed atomic.Int64
	var group sync.WaitGroup
	for range 60 {
		group.Go(func() {
			if _, err := h.Hash(t.Context(), "password"); err != nil {
				failed.Add(1)
			}
		})
	}
	group.Wait()
	require.Zero(t, failed.Load())
	require.NotEmpty(t, c.started())
	require.LessOrEqual(t, len(c.started()), 3)
}

// A process that is killed costs no caller its answer.
func TestKilledProcessIsReplaced(t *testing.T) {
	t.Parallel()
	h, c := withProcesses(t, 1)
	hash, err := h.Hash(t.Context(), "right")
	require.NoError(t, err)
	require.NoError(t, c.started()[0].Process.Kill())
	ok, _, err := h.Verify(t.Context(), hash, "right")
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, c.started(), 2)
}

// Processes that cannot work are an outage, not a wrong password.
func TestFailingProcessesAreAnOutage(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{Log: slog.New(slog.DiscardHandler), Process: func() *exec.Cmd {
		return exec.CommandContext(context.Background(), os.Args[0], "-test.run=^$") // ends at once
	}})
	t.Cleanup(h.Close)
	_, err := h.Hash(t.Context(), "password")
	require.ErrorIs(t, err, fault.ErrUnavailable)
	require.ErrorIs(t, err, fault.ErrHashProcess)
	ok, _, err := h.Verify(t.Context(), "", "password")
	require.ErrorIs(t, err, fault.ErrUnavailable)
	require.False(t, ok)
	require.NoError(t, h.slots.acquire(t.Context()), "the slot is free again")
}

func TestProcessThatCannotStart(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := newHasher(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Process: func() *exec.Cmd {
		return exec.CommandContext(context.Background(), "/no/such/program")
	}})
	t.Cleanup(h.Close)
	hash, err := h.Hash(t.Context(), "right")
	require.NoError(t, err)
	ok, _, err := h.Verify(t.Context(), hash, "right")
	require.NoError(t, err)
	require.True(t, ok)
	require.Contains(t, log.String(), "cannot start a process for password hashes")
}

// hasGone reports whether a process has ended and has been awaited.
func hasGone(cmd *exec.Cmd) bool {
	return errors.Is(cmd.Process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// Processes end when they have nothing to do, and with their Hasher. Each is awaited, so none is left as a zombie.
func TestProcessesEnd(t *testing.T) {
	t.Parallel()
	var c counted
	p := &processes{command: c.start, log: slog.New(slog.DiscardHandler), idle: time.Millisecond}
	for i := range 2 {
		_, err := p.do(job{Params: cheap, Password: "password"})
		require.NoError(t, err)
		newest := c.started()[i]
		require.Eventually(t, func() bool { return hasGone(newest) }, 10*time.Second, time.Millisecond)
	}
	p.close()
	w, err := p.take()
	require.NoError(t, err)
	p.put(w)
	require.Empty(t, p.free, "a hash that was in progress when the Hasher closed")
	require.Len(t, c.started(), 3)
	require.True(t, hasGone(c.started()[2]))
}

// slowCloser takes until release is closed.
type slowCloser struct{ closing, release chan struct{} }

func (s slowCloser) Close() error {
	close(s.closing)
	<-s.release
	return nil
}

// A process that is slow to end must not hold up those who take another one.
func TestNobodyWaitsForAProcessToEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*processes, *process){
		"idle":            func(p *processes, w *process) { p.put(w); p.remove(w) },
		"closed":          func(p *processes, w *process) { p.put(w); p.close() },
		"put when closed": func(p *processes, w *process) { p.close(); p.put(w) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c counted
			p := &processes{command: c.start, log: slog.New(slog.DiscardHandler), idle: time.Hour}
			w, err := p.take()
			require.NoError(t, err)
			slow := slowCloser{closing: make(chan struct{}), release: make(chan struct{})}
			w.in = slow
			var ending sync.WaitGroup
			ending.Go(func() { end(p, w) })
			<-slow.closing
			free := p.mu.TryLock()
			if free {
				p.mu.Unlock()
			}
			close(slow.release)
			ending.Wait()
			require.True(t, free)
		})
	}
}

func TestWorkEndsWithItsInput(t *testing.T) {
	t.Parallel()
	require.NoError(t, Work(bytes.NewReader(nil), io.Discard))
	require.Error(t, Work(bytes.NewReader([]byte("not a job")), io.Discard))
}
