package password

import (
	"encoding/gob"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Limits on a process that computes hashes.
const (
	maxHashTime = 15 * time.Second // after which it is taken for stuck; the costliest stored hash takes about two
	idleTime    = time.Minute      // after which it ends, and its memory is free
)

// processes computes hashes in other processes, one for each hash that runs at once. They can have a lower
// priority than the service, which keeps requests quick while all processors are busy with hashes, and their
// memory stays out of the service's garbage collector. They start when they are needed.
type processes struct {
	command func() *exec.Cmd
	log     *slog.Logger
	idle    time.Duration

	mu     sync.Mutex // not held while a process ends, for which requests must not wait
	free   []*process // the one used last is the last
	closed bool
}

// do computes the hash of a job. A process that fails is replaced once. It returns fault.ErrUnavailable if the
// next one fails too. Where no process can start, the hash is computed in this one.
func (p *processes) do(j job) (result, error) {
	var failed error
	for range 2 {
		w, err := p.take()
		if err != nil {
			p.log.Warn("cannot start a process for password hashes, requests will wait for hashes longer", "error", err)
			return j.do(), nil
		}
		r, err := w.do(j)
		if err == nil {
			p.put(w)
			return r, nil
		}
		w.end()
		p.log.Warn("a process for password hashes has failed", "error", err)
		failed = err
	}
	return result{}, fault.ErrUnavailable.Wrap(fmt.Errorf("%w: %w", fault.ErrHashProcess, failed))
}

// take returns a free process, or starts one, which takes so long that others must not wait for it.
func (p *processes) take() (*process, error) {
	if w := p.takeFree(); w != nil {
		return w, nil
	}
	return start(p.command())
}

// takeFree returns the free process that was used last, or nil.
func (p *processes) takeFree() *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return nil
	}
	w := p.free[n-1]
	p.free = p.free[:n-1]
	w.idle.Stop()
	return w
}

// put makes a process free for the next hash. It ends when there is none for a while.
func (p *processes) put(w *process) {
	if !p.keep(w) {
		w.end()
	}
}

// keep adds a process to the free ones, and reports whether it did: after close there are none.
func (p *processes) keep(w *process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	w.idle = time.AfterFunc(p.idle, func() { p.remove(w) })
	p.free = append(p.free, w)
	return true
}

// remove ends a process unless it has been taken.
func (p *processes) remove(w *process) {
	if p.drop(w) {
		w.end()
	}
}

// drop removes a process from the free ones, and reports whether it was one of them.
func (p *processes) drop(w *process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.free, w)
	if i < 0 {
		return false
	}
	p.free = slices.Delete(p.free, i, i+1)
	return true
}

// close ends the free processes, and the others when their hash is done.
func (p *processes) close() {
	for _, w := range p.dropAll() {
		w.idle.Stop()
		w.end()
	}
}

// dropAll returns the free processes, and lets no others become free.
func (p *processes) dropAll() []*process {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.free
	p.free, p.closed = nil, true
	return free
}

// process is a running process that computes hashes, see Work.
type process struct {
	cmd     *exec.Cmd
	in      io.Closer
	jobs    *gob.Encoder
	results *gob.Decoder
	idle    *time.Timer // of a free one
}

func start(cmd *exec.Cmd) (*process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, in: in, jobs: gob.NewEncoder(in), results: gob.NewDecoder(out)}, nil
}

// do asks for a hash and waits for it. After an error the process must be ended.
func (w *process) do(j job) (r result, err error) {
	stuck := time.AfterFunc(maxHashTime, func() { _ = w.cmd.Process.Kill() })
	defer stuck.Stop()
	if err := w.jobs.Encode(j); err != nil {
		return r, fmt.Errorf("ask it: %w", err)
	}
	if err := w.results.Decode(&r); err != nil {
		return r, fmt.Errorf("read from it: %w", err)
	}
	return r, nil
}

// end kills the process, which keeps nothing, and waits until it has gone.
func (w *process) end() {
	_ = w.cmd.Process.Kill()
	_ = w.in.Close()
	_ = w.cmd.Wait()
}
