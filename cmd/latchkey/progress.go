package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress is a progress bar on a terminal. It writes nothing if out is not a terminal.
type progress struct {
	out     io.Writer
	total   int64 // bytes, or 0 if unknown
	enabled bool
	drawn   time.Time // when the bar was last drawn; zero: it is not visible
}

const (
	progressWidth    = 30 // characters
	progressInterval = 100 * time.Millisecond
	clearLine        = "\r\x1b[K"
)

func newProgress(out io.Writer, total int64) *progress {
	_, enabled := terminal(out)
	return &progress{out: out, total: total, enabled: enabled}
}

// draw shows how many bytes were read and how many lines were processed.
func (p *progress) draw(read int64, lines int) {
	if !p.enabled || time.Since(p.drawn) < progressInterval {
		return
	}
	p.drawn = time.Now()
	if p.total == 0 {
		_, _ = fmt.Fprintf(p.out, "%s%d lines", clearLine, lines)
		return
	}
	filled := min(int(progressWidth*read/p.total), progressWidth) // the file may grow
	bar := strings.Repeat("=", filled) + strings.Repeat(" ", progressWidth-filled)
	_, _ = fmt.Fprintf(p.out, "%s[%s] %3d%%  %d lines", clearLine, bar, min(100*read/p.total, 100), lines)
}

// clear removes the bar, so that other output starts on an empty line.
func (p *progress) clear() {
	if p.enabled && !p.drawn.IsZero() {
		_, _ = fmt.Fprint(p.out, clearLine)
		p.drawn = time.Time{}
	}
}
