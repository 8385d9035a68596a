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

// run finds what the command needs, runs it and returns its exit code.
func run(ctx context.Context, argv []string) (code int, err error) {
	durable := len(argv) > 0 && argv[0] == durableFlag
	if durable {
		argv = argv[1:]
	}
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
	for _, r := range requirements(thisHost(log), argv, durable) {
		found, err := r.find(ctx, log)
		if err != nil {
			return 1, err
		}
		if found.stop != nil {
			started = append(started, found.stop)
		}
		if r.variable != "" {
			env = append(env, r.variable+"="+found.value)
		}
	}
	return runForeground(ctx, env, argv)
}

// durableFlag before the command is for measurements: only PostgreSQL is found or started, and a
// temporary server writes every commit to the disk.
const durableFlag = "-durable"

func requirements(h host, argv []string, durable bool) []requirement {
	start := func(ctx context.Context, bin string) (resource, error) { return startCluster(ctx, bin, durable) }
	list := []requirement{postgresSearch{host: h, reach: reachPostgres, start: start}.requirement()}
	if durable {
		return list
	}
	list = append(list, h.chromium(), pgbouncer.requirement(h))
	for _, g := range gateways {
		list = append(list, g.requirement(h))
	}
	if h.needsFastAPI(argv) {
		list = slices.Insert(list, 0, h.fastapi())
	}
	if h.needsAPIs(argv) {
		list = append(list, h.apis()...)
	}
	if h.needsFailover(argv) {
		list = append(list, postgresSearch{host: h}.programs(), patroni.requirement(h), etcd.requirement(h))
	}
	if h.needsSDK(argv) {
		list = slices.Concat(h.sdk(), list)
	}
	if h.needsCompiler(argv) {
		list = slices.Insert(list, 0, h.compiler())
	}
	return list
}

// runForeground runs the command in its own process group and returns its exit code. When ctx ends, it
// signals the whole group: go test by itself would leave behind the test programs and the servers that
// they have started.
func runForeground(ctx context.Context, env, argv []string) (int, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // running a given command is the purpose of testenv
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	err := cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails if the group has ended, which is the normal case
	if ctx.Err() != nil {
		return 130, context.Cause(ctx)
	}
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode(), nil // the command has printed the reason
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
