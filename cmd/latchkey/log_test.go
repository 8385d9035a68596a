package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// writes keeps what each call of Write wrote.
type writes struct {
	err error

	mu      sync.Mutex
	written []string
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written = append(w.written, string(b))
	return len(b), w.err
}

func (w *writes) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.written)
}

// A line of a log with little to say does not wait.
func TestLogBufferWritesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out writes
		b := newLogBuffer(&out)
		for range 3 {
			want := len(out.all()) + logAtOnce
			for range logAtOnce {
				writeLines(t, b, "line\n")
			}
			require.Len(t, out.all(), want)
			time.Sleep(logWindow + time.Nanosecond)
		}
	})
}

func TestLogBufferWritesLinesTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out writes
		b := newFullWindow(t, &out)
		time.Sleep(logWindow / 2)
		writeLines(t, b, "first\n", "second\n")
		time.Sleep(logWindow/2 - time.Nanosecond)
		synctest.Wait()
		require.Empty(t, out.all(), "written before the window ends")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, []string{"first\nsecond\n"}, out.all())
	})
}

func TestLogBufferIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out writes
		b := newFullWindow(t, &out)
		long := strings.Repeat("x", logWaiting-1) + "\n"
		writeLines(t, b, "short\n", long)
		require.Equal(t, []string{"short\n" + long}, out.all(), "too many bytes wait")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, out.all(), 1, "written without lines")
	})
}

func TestLogBufferFlush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out writes
		b := newFullWindow(t, &out)
		require.NoError(t, b.flush(), "nothing to write")
		writeLines(t, b, "last\n")
		out.err = errors.New("no space")
		require.ErrorIs(t, b.flush(), out.err)
		require.Equal(t, []string{"last\n"}, out.all())

		out.err = nil
		writeLines(t, b, "after the error\n")
		require.NoError(t, b.flush())
		require.Equal(t, []string{"last\n", "after the error\n"}, out.all())
	})
}

func TestLogBufferKeepsEveryLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := newLogBuffer(&out)
	const writers, lines = 8, 2000
	line := strings.Repeat("x", 99) + "\n"
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range lines {
				_, _ = b.Write([]byte(line))
			}
		})
	}
	group.Wait()
	require.NoError(t, b.flush())
	require.Equal(t, strings.Repeat(line, writers*lines), out.String())
}

// newFullWindow returns a buffer in whose window no more lines are written at once.
func newFullWindow(t *testing.T, out *writes) *logBuffer {
	t.Helper()
	b := newLogBuffer(out)
	for range logAtOnce {
		writeLines(t, b, "line\n")
	}
	out.written = nil
	return b
}

func writeLines(t *testing.T, b *logBuffer, lines ...string) {
	t.Helper()
	for _, line := range lines {
		n, err := b.Write([]byte(line))
		require.NoError(t, err)
		require.Equal(t, len(line), n)
	}
}
