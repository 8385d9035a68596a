//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// host is all that the search asks of the machine, so that tests can make one up.
type host struct {
	os       string // runtime.GOOS
	uid      int
	getenv   func(name string) string
	lookPath func(file string) (string, error) // exec.LookPath
	glob     func(pattern string) []string
	realPath func(path string) string // symbolic links followed
	// run gives what a command printed on standard output; env is added to the environment.
	run func(ctx context.Context, env []string, argv ...string) (string, error)
	log logger
}

func thisHost(log logger) host {
	return host{
		os:       runtime.GOOS,
		uid:      os.Getuid(),
		getenv:   os.Getenv,
		lookPath: exec.LookPath,
		glob: func(pattern string) []string {
			found, _ := filepath.Glob(pattern) // fails only for a malformed pattern
			return found
		},
		realPath: func(path string) string {
			target, err := filepath.EvalSymlinks(path)
			if err != nil {
				return path
			}
			return target
		},
		run: runCommand,
		log: log,
	}
}

// executable tells whether path is a program that may be run.
func (h host) executable(path string) bool {
	_, err := h.lookPath(path)
	return err == nil
}

// runCommand answers a failure with the last line that the command wrote, which tools use to say why.
func runCommand(ctx context.Context, env []string, argv ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s: %w", argv[0], errAbsent)
	}
	if why := lastLine(stderr.String()); err != nil && why != "" {
		return "", fmt.Errorf("%s: %w: %s", argv[0], err, why)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", argv[0], err)
	}
	return strings.TrimSpace(string(stdout)), nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// logger writes the progress for a person to read.
type logger struct{ out io.Writer }

func (l logger) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(l.out, "testenv: "+format+"\n", args...)
}
