package e2e

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

const (
	program = "github.com/latchkey-auth/latchkey/cmd/latchkey"
	// waitTimeout bounds every wait for the program on a busy machine.
	waitTimeout = 30 * time.Second
	// testIssuer stays the same when a server restarts on another port.
	testIssuer = "http://localhost:8080"
	// validPassword satisfies the password rules.
	validPassword = "a long enough one"
)

// binary is the path of the program, which TestMain builds once for all tests.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "latchkey-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "latchkey")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", binary, program)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	code := m.Run()
	if sharedBrowser.stop != nil {
		sharedBrowser.stop()
	}
	return code
}

// devPassword returns the password of a development user: user, moderator or admin.
func devPassword(username string) string { return username + "-dev-password" }

// installation is a database and a data directory. All servers and commands of an installation
// share them.
type installation struct {
	database string // URL
	dir      string
	program  string // that serves; empty: the one of TestMain
}

// onEachEngine runs a test on a new installation of each database engine.
func onEachEngine(t *testing.T, test func(t *testing.T, inst installation)) {
	t.Helper()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newPostgres(t))
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newSQLite(t))
	})
}

// onEachServer runs a test on a new development server of each database engine.
func onEachServer(t *testing.T, test func(t *testing.T, inst installation, s *server), environment ...string) {
	t.Helper()
	onEachEngine(t, func(t *testing.T, inst installation) {
		test(t, inst, start(t, inst, environment...))
	})
}

// onReplicas runs a test on three servers that share a PostgreSQL database, and on a single server
// with SQLite. The clients of the fixtures are registered.
func onReplicas(t *testing.T, test func(t *testing.T, inst installation, replicas []*server), environment ...string) {
	t.Helper()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		replicas := []*server{start(t, inst, environment...)}
		if strings.HasPrefix(inst.database, "postgres") {
			replicas = append(replicas, launch(t, inst, environment...), launch(t, inst, environment...))
			replicas[1].waitUntilListening()
			replicas[2].waitUntilListening()
		}
		test(t, inst, replicas)
	})
}

// startPair starts two servers on a PostgreSQL database, and one on a SQLite file, which serves only one.
func startPair(t *testing.T, inst installation, environment ...string) []*server {
	t.Helper()
	pair := []*server{start(t, inst, environment...)}
	if strings.HasPrefix(inst.database, "postgres") {
		pair = append(pair, start(t, inst, environment...))
	}
	return pair
}

func newPostgres(t *testing.T) installation {
	t.Helper()
	return installation{database: storetest.PostgresURL(t), dir: t.TempDir()}
}

func newSQLite(t *testing.T) installation {
	t.Helper()
	dir := t.TempDir()
	return installation{database: "sqlite:" + filepath.Join(dir, "latchkey.db"), dir: dir}
}

// environment returns the complete environment of the program; it inherits nothing.
func (i installation) environment(more ...string) []string {
	return append([]string{"LATCHKEY_DATABASE_URL=" + i.database, "LATCHKEY_DATA_DIR=" + i.dir}, more...)
}

// result is the outcome of a command.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command of the program to its end.
func (i installation) run(t *testing.T, arguments ...string) result {
	t.Helper()
	return execute(t, i.environment(), "", arguments...)
}

// runWithInput runs a command that reads standard input.
func (i installation) runWithInput(t *testing.T, input string, arguments ...string) result {
	t.Helper()
	return execute(t, i.environment(), input, arguments...)
}

// mustRun runs a command that must succeed, and returns its standard output.
func (i installation) mustRun(t *testing.T, arguments ...string) string {
	t.Helper()
	got := i.run(t, arguments...)
	require.Zero(t, got.code, "%v: %s", arguments, got.stderr)
	return got.stdout
}

// mustRunSilently runs a command that must succeed and print nothing.
func (i installation) mustRunSilently(t *testing.T, arguments ...string) {
	t.Helper()
	require.Equal(t, result{}, i.run(t, arguments...), "%v", arguments)
}

// createUser creates a user with validPassword by command.
func (i installation) createUser(t *testing.T, username string, flags ...string) {
	t.Helper()
	arguments := append([]string{"user", "create", username, "--email", username + "@example.com"}, flags...)
	got := i.runWithInput(t, validPassword+"\n", arguments...)
	require.Zero(t, got.code, got.stderr)
}

func execute(t *testing.T, environment []string, input string, arguments ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, arguments...)
	cmd.Dir, cmd.Env, cmd.Stdin = t.TempDir(), environment, strings.NewReader(input)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the exit code is in the result
	require.NoError(t, ctx.Err(), "%v did not end in time", arguments)
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// server is a running `latchkey serve`. Its caller calls it from the loopback address.
type server struct {
	caller
	t     *testing.T
	cmd   *exec.Cmd // nil once it has been stopped
	log   *output
	ended chan error
}

// listening matches the log event in both formats.
var listening = regexp.MustCompile(`msg"?[=:]"?listening"?[ ,]"?address"?[=:]"?([^\s"]+)"?[ ,]"?issuer"?[=:]"?([^\s"]+)`)

// start runs `latchkey serve --dev` on a free port and stops it gracefully at the end of the test.
func start(t *testing.T, inst installation, environment ...string) *server {
	t.Helper()
	s := launch(t, inst, environment...)
	s.waitUntilListening()
	return s
}

// launch is start without the wait until the server listens.
func launch(t *testing.T, inst installation, environment ...string) *server {
	t.Helper()
	return launchWith(t, inst, []string{"--dev"}, environment...)
}

// launchWith is launch with the given arguments in place of --dev.
func launchWith(t *testing.T, inst installation, arguments []string, environment ...string) *server {
	t.Helper()
	arguments = append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "debug"}, arguments...)
	cmd := exec.CommandContext(context.Background(), cmp.Or(inst.program, binary), arguments...)
	cmd.Dir = t.TempDir()
	cmd.Env = inst.environment(append([]string{
		"LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32", "LATCHKEY_ISSUER=" + testIssuer}, environment...)...)
	s := &server{t: t, cmd: cmd, log: newOutput(listening), ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	require.NoError(t, cmd.Start())
	go func() { s.ended <- cmd.Wait() }()
	t.Cleanup(s.stop)
	return s
}

func (s *server) waitUntilListening() {
	s.t.Helper()
	select {
	case match := <-s.log.matched:
		s.caller = caller{url: "http://" + match[1], issuer: match[2]}
	case err := <-s.ended:
		s.cmd = nil
		require.NoError(s.t, err, "the server ended while it started:\n%s", s.log)
	case <-time.After(waitTimeout):
		require.Fail(s.t, "the server did not start in time", "%s", s.log)
	}
}

// stop sends SIGTERM and requires a clean exit. Stopping a second time does nothing.
func (s *server) stop() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(s.t, s.wait(), "%s", s.log)
}

// kill sends SIGKILL.
func (s *server) kill() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Kill())
	require.Error(s.t, s.wait())
}

func (s *server) wait() error {
	s.t.Helper()
	s.cmd = nil
	select {
	case err := <-s.ended:
		return err
	case <-time.After(waitTimeout):
		require.Fail(s.t, "the server did not end in time", "%s", s.log)
		return nil
	}
}

// wholeLog returns the log. While the server runs, it waits for the lines that are not written yet.
func (s *server) wholeLog(t *testing.T) string {
	t.Helper()
	if s.cmd != nil {
		mark := "/log/" + rand.Text()
		s.get(t, mark, "")
		eventually(t, func() bool { return strings.Contains(s.log.String(), mark) })
	}
	return s.log.String()
}

// output collects what a program writes, and sends the first match of a pattern.
type output struct {
	mu      sync.Mutex
	text    strings.Builder
	pattern *regexp.Regexp
	matched chan []string
}

func newOutput(pattern *regexp.Regexp) *output {
	return &output{pattern: pattern, matched: make(chan []string, 1)}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.text.Write(b)
	if match := o.pattern.FindStringSubmatch(o.text.String()); match != nil {
		select {
		case o.matched <- match:
		default:
		}
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// lines splits text into its lines.
func lines(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// eventually waits until a condition holds.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, waitTimeout, 50*time.Millisecond)
}
