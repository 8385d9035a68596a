package main

import (
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
)

// The bounds of a logBuffer.
const (
	logWindow  = 100 * time.Millisecond // how long a line may wait for others
	logAtOnce  = 10                     // as many lines of each window do not wait
	logWaiting = 32 << 10               // with more bytes, lines wait no longer
)

// logBuffer writes the lines of a busy log together: a system call for each takes about a tenth of the
// processor time of a short request. A process that is killed loses the lines that wait. Unlike a bufio.Writer it
// goes on after an error, as when a disk was full for a while.
type logBuffer struct {
	out   io.Writer
	timer *time.Timer // runs while lines wait

	mu     sync.Mutex
	until  time.Time // the end of the window
	atOnce int       // how many more lines of the window do not wait
	lines  []byte    // that wait
}

// newLogBuffer returns a buffer before out. Call flush at the end.
func newLogBuffer(out io.Writer) *logBuffer {
	b := &logBuffer{out: out}
	b.timer = time.AfterFunc(logWindow, func() { _ = b.flush() }) // a log that cannot be written has nowhere to say so
	return b
}

// Write writes a line now, or later with others. Its error may be that of lines before.
func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); now.After(b.until) {
		b.until, b.atOnce = now.Add(logWindow), logAtOnce
	}
	if len(b.lines) == 0 {
		if b.atOnce > 0 {
			b.atOnce--
			return b.out.Write(line)
		}
		b.timer.Reset(time.Until(b.until))
	}
	b.lines = append(b.lines, line...)
	if len(b.lines) < logWaiting {
		return len(line), nil
	}
	return len(line), b.write()
}

// flush writes the lines that wait.
func (b *logBuffer) flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.write()
}

func (b *logBuffer) write() error {
	if len(b.lines) == 0 {
		return nil
	}
	b.timer.Stop()
	_, err := b.out.Write(b.lines)
	b.lines = b.lines[:0]
	return err
}

// newLog returns the log of the service in the configured format and level.
func newLog(settings config.Serve, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(settings.LogLevel)) // kong accepts only valid levels
	options := &slog.HandlerOptions{Level: level}
	if settings.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(jsonWriter{w}, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// newTextLog returns the log of a command, which shows warnings and information as text.
func newTextLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
