//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	postgresImage = "postgres:17-alpine"
	chromiumImage = "chromedp/headless-shell:stable"
)

// docker returns nil if the Docker engine responds. The client without an engine is not enough.
func (h host) docker(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := h.run(ctx, nil, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		return fmt.Errorf("%w: no Docker engine: %w", errAbsent, err)
	}
	return nil
}

// removeContainer removes a container, even if ctx has ended.
func (h host) removeContainer(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	_, err := h.run(ctx, nil, "docker", "rm", "--force", "--volumes", name)
	return err
}

// container starts PostgreSQL in Docker on a free loopback port.
func (s postgresSearch) container(ctx context.Context) (_ resource, err error) {
	if err := s.docker(ctx); err != nil {
		return resource{}, err
	}
	s.log.printf("docker run %s (may take a few minutes)", postgresImage)
	password, name := rand.Text(), "latchkey-testenv-"+strings.ToLower(rand.Text())
	stop := func() error { return s.removeContainer(ctx, name) }
	defer func() {
		if err != nil {
			err = errors.Join(err, stop())
		}
	}()
	_, err = s.run(ctx, []string{"POSTGRES_PASSWORD=" + password},
		"docker", "run", "--detach", "--rm", "--name", name, "--publish", "127.0.0.1::5432",
		"--env", "POSTGRES_USER=latchkey", "--env", "POSTGRES_DB=postgres", "--env", "POSTGRES_PASSWORD",
		postgresImage, "-c", "max_connections=200", "-c", "fsync=off", "-c", "full_page_writes=off")
	if err != nil {
		return resource{}, err
	}
	address, err := s.run(ctx, nil, "docker", "port", name, "5432/tcp")
	if err != nil {
		return resource{}, err
	}
	_, digits, err := net.SplitHostPort(address)
	if err != nil {
		return resource{}, err
	}
	port, err := strconv.Atoi(digits)
	if err != nil {
		return resource{}, err
	}
	url := postgresURL(password, port)
	version, err := s.await(ctx, url)
	if err != nil {
		return resource{}, err
	}
	return resource{value: url, about: fmt.Sprintf("%s: container on %s", version, address), stop: stop}, nil
}

// await polls until the container's server accepts connections.
func (s postgresSearch) await(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		version, err := s.reach(ctx, url)
		if err == nil {
			return version, nil
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// chromiumContainer writes a script that runs the browser in a container, because the tests start the
// browser themselves. The container shares the host's network, so that the browser can reach the
// servers of the tests. This works only on Linux.
func (h host) chromiumContainer(ctx context.Context) (resource, error) {
	if h.os != "linux" {
		return resource{}, errAbsent
	}
	if err := h.docker(ctx); err != nil {
		return resource{}, err
	}
	h.log.printf("docker pull %s (may take a few minutes)", chromiumImage)
	if _, err := h.run(ctx, nil, "docker", "pull", "--quiet", chromiumImage); err != nil {
		return resource{}, err
	}
	dir, err := os.MkdirTemp("", "latchkey-chromium-")
	if err != nil {
		return resource{}, err
	}
	program := filepath.Join(dir, "chromium")
	script := "#!/bin/sh\nexec docker run --rm --init --network host --shm-size 512m" +
		" --entrypoint /headless-shell/headless-shell " + chromiumImage + ` "$@"` + "\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil { //nolint:gosec // a program must be executable
		return resource{}, errors.Join(err, os.RemoveAll(dir))
	}
	return resource{
		value: program,
		about: chromiumImage + " in containers",
		stop:  func() error { return os.RemoveAll(dir) },
	}, nil
}
