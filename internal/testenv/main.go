//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
	}
	os.Exit(code)
}

// run meets the needs, runs the command and gives its exit code.
func run(ctx context.Context, argv []string) (code int, err error) {
	if len(argv) > 0 && argv[0] == "--" {
		argv = argv[1:]
	}
	if len(argv) == 0 {
		return 2, errors.New("no command to run")
	}
	var started []func() error
	defer func() {
		for _, stop := range slices.Backward(started) {
			if errStop := stop(); errStop != nil {
				code, err = max(code, 1), errors.Join(err, errStop)
			}
		}
	}()
	log := logger{os.Stderr}
	var env []string
	for _, n := range needs(thisHost(log), argv) {
		found, err := n.find(ctx, log)
		if err != nil {
			return 1, err
		}
		if found.stop != nil {
			started = append(started, found.stop)
		}
		if n.variable != "" {
			env = append(env, n.variable+"="+found.value)
		}
	}
	return runChild(ctx, env, argv)
}

func needs(h host, argv []string) []need {
	list := []need{
		postgresSearch{host: h, reach: reachPostgres, start: startCluster}.need(),
		h.chromiumNeed(),
	}
	if h.needsCompiler(argv) {
		list = slices.Insert(list, 0, h.compilerNeed())
	}
	return list
}

// runChild runs the command in a process group of its own and, when ctx ends, asks the whole group
// to end: go test alone would leave its test programs behind, with the servers that they started.
func runChild(ctx context.Context, env, argv []string) (int, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // running what it is told is its purpose
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	err := cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails where nobody is left, as it should be
	if ctx.Err() != nil {
		return 130, context.Cause(ctx)
	}
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode(), nil // the command has said why
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
