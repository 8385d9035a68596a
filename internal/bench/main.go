//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// errMissed is the result of -check if a target is missed.
var errMissed = errors.New("a target is missed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures and reports. As the program of a limit it serves until ctx ends.
func run(ctx context.Context, arguments []string, stdout, progress io.Writer) error {
	if len(arguments) == 2 && arguments[0] == limitCommand {
		return serveLimit(ctx, arguments[1])
	}
	o, err := parseOptions(arguments, progress)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "latchkey-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r, err := measureAll(ctx, o, dir, progress)
	if err != nil {
		return err
	}
	return r.publish(o, stdout)
}

// measureAll measures the peer, or Latchkey on each engine.
func measureAll(ctx context.Context, o options, dir string, progress io.Writer) (report, error) {
	r := report{Machine: thisMachine(ctx, o)}
	var err error
	if o.peer != "" {
		r.Rows, err = measurePeer(ctx, o, progress)
		return r, err
	}
	if o.binary == "" {
		_, _ = fmt.Fprintln(progress, "building the service")
		if o.binary, err = buildService(ctx, dir); err != nil {
			return r, err
		}
	}
	for _, e := range o.engines {
		rows, err := measureEngine(ctx, o, dir, engine(e), progress)
		if err != nil {
			return r, fmt.Errorf("%s: %w", e, err)
		}
		r.Rows = append(r.Rows, rows...)
	}
	return r, nil
}
