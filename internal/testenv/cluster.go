//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cluster is a PostgreSQL server of our own in a temporary directory.
type cluster struct {
	bin      string // the server's programs
	dir      string
	password string
	owner    *syscall.Credential // nil: ourselves

	cancel context.CancelFunc
	exited chan struct{} // closed when the server is gone
}

// startCluster makes a cluster and waits until it answers. It listens on loopback only, and asks
// for a password even there: its superuser may run programs as its owner.
func startCluster(ctx context.Context, bin string) (_ resource, err error) {
	c := &cluster{bin: bin, password: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	if err := c.prepare(ctx); err != nil {
		return resource{}, err
	}
	// Another program may take the free port before the server does.
	for try := 1; ; try++ {
		port, err := freePort(ctx)
		if err != nil {
			return resource{}, err
		}
		url, version, err := c.serve(ctx, port)
		if err == nil {
			about := fmt.Sprintf("%s: throw-away cluster on 127.0.0.1:%d", version, port)
			return resource{value: url, about: about, stop: c.stop}, nil
		}
		if try == 3 || ctx.Err() != nil {
			return resource{}, err
		}
	}
}

// prepare makes the directory and the cluster's files.
func (c *cluster) prepare(ctx context.Context) error {
	var err error
	if c.owner, err = clusterOwner(os.Getuid()); err != nil {
		return err
	}
	if c.dir, err = os.MkdirTemp("", "latchkey-postgres-"); err != nil {
		return err
	}
	pwfile := filepath.Join(c.dir, "password")
	if err := os.WriteFile(pwfile, []byte(c.password), 0o600); err != nil {
		return err
	}
	if c.owner != nil {
		for _, path := range []string{c.dir, pwfile} {
			if err := os.Chown(path, int(c.owner.Uid), int(c.owner.Gid)); err != nil {
				return err
			}
		}
	}
	initdb := c.command(ctx, "initdb", "--pgdata", c.data(), "--username", "latchkey", "--pwfile", pwfile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", initdb.Path, err, strings.TrimSpace(string(output)))
	}
	return nil
}

// serve starts the server and waits until it answers. Nothing it keeps needs to outlive the
// machine, so it does not wait for the disk; what it has answered outlives the server all the same.
func (c *cluster) serve(ctx context.Context, port int) (url, version string, err error) {
	logfile, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return "", "", err
	}
	defer func() { _ = logfile.Close() }()
	// The server lives until stop, not until ctx ends: the tests stop first.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	server := c.command(life, "postgres", "-D", c.data(), "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200",
		"-c", "fsync=off", "-c", "full_page_writes=off")
	server.Stdout, server.Stderr = logfile, logfile
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGINT) } // "fast shutdown"
	server.WaitDelay = 10 * time.Second
	c.cancel, c.exited = cancel, make(chan struct{})
	if err := server.Start(); err != nil {
		close(c.exited)
		return "", "", err
	}
	go func() {
		_ = server.Wait() // why it ended stands in its log
		close(c.exited)
	}()
	url = c.url(port)
	if version, err = c.await(ctx, url); err != nil {
		cancel()
		<-c.exited
	}
	return url, version, err
}

// await asks until the server answers. It polls, for a server has no other way to say that it is up.
func (c *cluster) await(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		version, err := reachPostgres(ctx, url)
		if err == nil {
			return version, nil
		}
		select {
		case <-c.exited:
			text, _ := os.ReadFile(filepath.Join(c.dir, "log")) // an empty log says no more
			return "", fmt.Errorf("the server ended: %s", lastLine(string(text)))
		case <-ctx.Done():
			return "", err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server and removes its files. It may be called on a half-made cluster.
func (c *cluster) stop() error {
	if c.cancel != nil {
		c.cancel()
		<-c.exited
	}
	return os.RemoveAll(c.dir)
}

// command runs a program of the server as the cluster's owner, and in a process group of its own:
// a Ctrl-C in the terminal is for the tests, the server ends after them.
func (c *cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+c.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner, Setpgid: true}
	return cmd
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) url(port int) string { return postgresURL(c.password, port) }

func postgresURL(password string, port int) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("latchkey", password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// clusterOwner is who runs the server. It refuses to run as root, which then needs somebody else.
func clusterOwner(uid int) (*syscall.Credential, error) {
	if uid != 0 {
		return nil, nil //nolint:nilnil // no credential means: as we are
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody")
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
