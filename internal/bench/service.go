//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a program that listens on a port of loopback.
type process struct {
	address string
	ready   time.Duration // from its start until it answered
	cmd     *exec.Cmd
	ended   chan error
	log     string // file
}

// startProcess starts a program and waits until GET path returns 200. The program is told its address
// by listen.
func startProcess(ctx context.Context, dir, path, program string, environment []string, listen func(address string) []string) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp(dir, "log-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	p := &process{address: address, ended: make(chan error, 1), log: log.Name()}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, listen(address)...) // until stop
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = dir, environment, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches only this program, which stops the others
	start := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- p.cmd.Wait() }()
	if err := p.await(ctx, path); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	p.ready = time.Since(start)
	return p, nil
}

// await asks every millisecond, because what counts is when a caller gets an answer.
func (p *process) await(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c := &conn{address: p.address}
	defer c.close()
	for {
		got, err := c.do(ctx, request{method: http.MethodGet, path: path})
		if err == nil && got.status == http.StatusOK {
			return nil
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			text, _ := os.ReadFile(p.log) // without it the error has no detail
			return fmt.Errorf("%s ended while it started: %w\n%s", p.cmd.Path, err, text)
		case <-ctx.Done():
			return fmt.Errorf("%s does not become ready: %w", p.cmd.Path, ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// stop ends the process gracefully.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails if it has ended
	select {
	case err := <-p.ended:
		return err
	case <-time.After(30 * time.Second):
		return errors.Join(fmt.Errorf("%s does not stop", p.cmd.Path), p.cmd.Process.Kill())
	}
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// buildService builds the program as `make build` does.
func buildService(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "latchkey")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "github.com/latchkey-auth/latchkey/cmd/latchkey")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// command runs a command of the service to its end and returns what it printed.
func (w *world) command(ctx context.Context, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, w.binary, arguments...)
	cmd.Dir, cmd.Env = w.dir, w.environment()
	out, err := cmd.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = fmt.Errorf("latchkey %s: %w\n%s", strings.Join(arguments, " "), err, exit.Stderr)
	}
	return string(out), err
}

// serve starts the service on the world's database. Its settings are the defaults, except for the
// lifetime of access tokens, which must last for the whole run, and the trusted proxy, through which
// the client varies its address.
func (w *world) serve(ctx context.Context) (*process, error) {
	environment := append(append(w.environment(), goEnvironment()...),
		"LATCHKEY_SECRET="+w.secret, "LATCHKEY_ISSUER=http://localhost:8080",
		"LATCHKEY_ACCESS_TTL=1h", "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	return startProcess(ctx, w.dir, "/readyz", w.binary, environment, func(address string) []string {
		return []string{"serve", "--listen", address}
	})
}
