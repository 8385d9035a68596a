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

// cluster is a temporary PostgreSQL server.
type cluster struct {
	bin      string // directory of the server's programs
	dir      string // temporary directory with the server's files
	password string
	owner    *syscall.Credential // nil: the current user
	durable  bool                // a commit survives a crash of the machine

	cancel context.CancelFunc
	exited chan struct{} // closed when the server has exited
}

// startCluster creates a cluster and waits until it accepts connections. It listens only on loopback,
// and requires a password even there, because its superuser can run programs as the cluster's owner.
func startCluster(ctx context.Context, bin string, durable bool) (_ resource, err error) {
	c := &cluster{bin: bin, password: rand.Text(), durable: durable}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	if err := c.prepare(ctx); err != nil {
		return resource{}, err
	}
	// Another program may take the free port before the server does.
	for attempt := 1; ; attempt++ {
		port, err := freePort(ctx)
		if err != nil {
			return resource{}, err
		}
		url, version, err := c.serve(ctx, port)
		if err == nil {
			about := fmt.Sprintf("%s: temporary cluster on 127.0.0.1:%d", version, port)
			return resource{value: url, about: about, stop: c.stop}, nil
		}
		if attempt == 3 || ctx.Err() != nil {
			return resource{}, err
		}
	}
}

// prepare creates the temporary directory and the cluster's files. Tests open thousands of connections, of which
// each would take the client and the server 4,096 rounds of SHA-256 with scram-sha-256, and takes a few of MD5. A
// random password on loopback needs no more. Roles whose password is stored for SCRAM use SCRAM all the same.
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
		"--auth", "md5", "--encoding", "UTF8", "--no-locale", "--no-sync")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", initdb.Path, err, strings.TrimSpace(string(output)))
	}
	return nil
}

// serve starts the server and waits until it accepts connections. The data of tests need not survive a
// crash of the machine, so fsync is off. Committed data still survives a crash of the server.
func (c *cluster) serve(ctx context.Context, port int) (url, version string, err error) {
	logfile, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return "", "", err
	}
	defer func() { _ = logfile.Close() }()
	// The server runs until stop, even if ctx ends earlier, so that the tests end before it.
	serverCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	settings := []string{"-D", c.data(), "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"}
	if !c.durable {
		settings = append(settings, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	server := c.command(serverCtx, "postgres", settings...)
	server.Stdout, server.Stderr = logfile, logfile
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGINT) } // "fast shutdown"
	server.WaitDelay = 10 * time.Second
	c.cancel, c.exited = cancel, make(chan struct{})
	if err := server.Start(); err != nil {
		close(c.exited)
		return "", "", err
	}
	go func() {
		_ = server.Wait() // the reason for the exit is in its log
		close(c.exited)
	}()
	url = c.url(port)
	if version, err = c.await(ctx, url); err != nil {
		cancel()
		<-c.exited
	}
	return url, version, err
}

// await waits until the server accepts connections. It polls, because the server does not report when
// it is ready.
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
			text, _ := os.ReadFile(filepath.Join(c.dir, "log")) // if the log cannot be read, the error has no detail
			return "", fmt.Errorf("the server exited: %s", lastLine(string(text)))
		case <-ctx.Done():
			return "", err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop stops the server and removes its files. It can be called on a partly created cluster.
func (c *cluster) stop() error {
	if c.cancel != nil {
		c.cancel()
		<-c.exited
	}
	return os.RemoveAll(c.dir)
}

// command returns a command that runs one of the server's programs as the cluster's owner. It has its
// own process group, so that Ctrl-C in the terminal reaches only the tests and the server stops after
// them.
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

// clusterOwner returns the user that runs the server, which refuses to run as root. It returns nil if
// the current user can run it.
func clusterOwner(uid int) (*syscall.Credential, error) {
	if uid != 0 {
		return nil, nil //nolint:nilnil // nil: the current user
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
	return nil, errors.New("PostgreSQL refuses to run as root, and neither user postgres nor user nobody exists")
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
