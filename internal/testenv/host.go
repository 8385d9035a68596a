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

// host is the access to the machine that the search needs. Tests use a fake.
type host struct {
	os       string // runtime.GOOS
	uid      int
	getenv   func(name string) string
	lookPath func(file string) (string, error) // exec.LookPath
	glob     func(pattern string) []string
	realPath func(path string) string // resolves symbolic links
	// run runs a command, with env added to the environment, and returns its standard output.
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
			found, _ := filepath.Glob(pattern) // fails only if the pattern is malformed
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

// executable reports whether path is an executable program.
func (h host) executable(path string) bool {
	_, err := h.lookPath(path)
	return err == nil
}

// runCommand implements host.run. Its error contains the last line that the command wrote to standard
// error, where most tools state the reason.
func runCommand(ctx context.Context, env []string, argv ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s: %w", argv[0], errAbsent)
	}
	if reason := lastLine(stderr.String()); err != nil && reason != "" {
		return "", fmt.Errorf("%s: %w: %s", argv[0], err, reason)
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

// logger prints progress for the user.
type logger struct{ out io.Writer }

func (l logger) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(l.out, "testenv: "+format+"\n", args...)
}
