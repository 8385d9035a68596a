package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

const (
	patience = 30 * time.Second // with a program that does not start or stop, on a busy machine
	// testIssuer stays the same when a server starts again on another port.
	testIssuer = "http://localhost:8080"
)

// place is where a server keeps its data. Servers of one place share it.
type place struct {
	database string
	dir      string
}

// onEachEngine runs a test on a fresh place of both engines.
func onEachEngine(t *testing.T, test func(t *testing.T, at place)) {
	t.Helper()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, place{database: storetest.PostgresURL(t), dir: t.TempDir()})
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, sqlitePlace(t))
	})
}

func sqlitePlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	return place{database: "sqlite:" + filepath.Join(dir, "latchkey.db"), dir: dir}
}

// environment is all that the program sees of ours.
func (p place) environment(more ...string) []string {
	return append([]string{"LATCHKEY_DATABASE_URL=" + p.database, "LATCHKEY_DATA_DIR=" + p.dir}, more...)
}

// server is the program at work.
type server struct {
	t      *testing.T
	url    string // by address
	issuer string
	cmd    *exec.Cmd
	log    *transcript
	ended  chan error
}

var listening = regexp.MustCompile(`msg=listening address=(\S+) issuer=(\S+)`)

// start runs `latchkey serve --dev` on a free port, and stops it gracefully at the end of the test.
func start(t *testing.T, at place, environment ...string) *server {
	t.Helper()
	s := launch(t, at, environment...)
	s.await()
	return s
}

// launch starts the program and does not wait until it listens.
func launch(t *testing.T, at place, environment ...string) *server {
	t.Helper()
	return launchAs(t, at, []string{"--dev"}, environment...)
}

// launchAs starts the program with other arguments than those of development.
func launchAs(t *testing.T, at place, arguments []string, environment ...string) *server {
	t.Helper()
	arguments = append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "debug"}, arguments...)
	cmd := exec.CommandContext(context.Background(), binary, arguments...)
	cmd.Dir = t.TempDir()
	cmd.Env = at.environment(append([]string{
		"LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32", "LATCHKEY_ISSUER=" + testIssuer}, environment...)...)
	s := &server{t: t, cmd: cmd, log: newTranscript(listening), ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	require.NoError(t, cmd.Start())
	go func() { s.ended <- cmd.Wait() }()
	t.Cleanup(s.stop)
	return s
}

// await waits until the server listens.
func (s *server) await() {
	s.t.Helper()
	select {
	case match := <-s.log.found:
		s.url, s.issuer = "http://"+match[1], match[2]
	case err := <-s.ended:
		s.cmd = nil
		require.NoError(s.t, err, "the server does not start:\n%s", s.log)
	case <-time.After(patience):
		require.Fail(s.t, "the server does not start", "%s", s.log)
	}
}

// stop asks the server to end, and checks that it ends well.
func (s *server) stop() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(s.t, s.wait(), "%s", s.log)
}

// kill is the power cut.
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
	case <-time.After(patience):
		require.Fail(s.t, "the server does not end", "%s", s.log)
		return nil
	}
}

// transcript keeps what a program writes, and tells of the first line that fits.
type transcript struct {
	mu    sync.Mutex
	text  strings.Builder
	wait  *regexp.Regexp
	found chan []string
}

func newTranscript(wait *regexp.Regexp) *transcript {
	return &transcript{wait: wait, found: make(chan []string, 1)}
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.text.Write(b)
	if match := t.wait.FindStringSubmatch(t.text.String()); match != nil {
		select {
		case t.found <- match:
		default:
		}
	}
	return n, err
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// client gives an HTTP client whose every answer is held against the contract. Requests come from
// the address, as a trusted proxy would say; none: from loopback.
func client(t *testing.T, address string) *http.Client {
	t.Helper()
	checked, err := apitest.NewContract(fresh)
	require.NoError(t, err)
	return &http.Client{Timeout: patience, Transport: from{checked, address}}
}

// fresh uses a connection for one request. One that waits unused for its first is cut by the server
// after readHeaderTimeout, and a POST that is sent in this moment is lost.
var fresh = &http.Transport{DisableKeepAlives: true}

// from says in X-Forwarded-For where requests come from.
type from struct {
	next    http.RoundTripper
	address string
}

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.address != "" && r.Header.Get("X-Forwarded-For") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("X-Forwarded-For", f.address)
	}
	return f.next.RoundTrip(r)
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, c *http.Client, r *http.Request) answer {
	t.Helper()
	response, err := c.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return answer{response.StatusCode, response.Header, string(body)}
}

func request(t *testing.T, method, address, contentType, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// get asks for a path with a bearer token.
func (s *server) get(t *testing.T, path, token string) answer {
	t.Helper()
	r := request(t, http.MethodGet, s.url+path, "", "")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return send(t, client(t, ""), r)
}

// login asks for a token, from an address.
func (s *server) login(t *testing.T, address, username, password string, more ...string) answer {
	t.Helper()
	form := url.Values{"grant_type": {"password"}, "username": {username}, "password": {password}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return send(t, client(t, address),
		request(t, http.MethodPost, s.url+"/token", "application/x-www-form-urlencoded", form.Encode()))
}

// token signs in and gives the access token.
func (s *server) token(t *testing.T, username, password string, more ...string) string {
	t.Helper()
	got := s.login(t, "", username, password, more...)
	require.Equal(t, http.StatusOK, got.status, got.body)
	return member(t, got.body, "access_token")
}

// member gives a string of a JSON object.
func member(t *testing.T, body, name string) string {
	t.Helper()
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &object), body)
	value, ok := object[name].(string)
	require.True(t, ok, "%s in %s", name, body)
	return value
}

// signUp creates a user.
func (s *server) signUp(t *testing.T, username, password string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{
		"username": username, "email": username + "@example.com", "password": password})
	require.NoError(t, err)
	return send(t, client(t, ""), request(t, http.MethodPost, s.url+"/api/auth/signup", "application/json", string(body)))
}

// command runs the program to its end.
func command(t *testing.T, at place, input string, arguments ...string) outcome {
	t.Helper()
	return execution(t, at.environment(), input, arguments...)
}

// outcome is what a command leaves.
type outcome struct {
	code     int
	out, err string
}

func execution(t *testing.T, environment []string, input string, arguments ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, arguments...)
	cmd.Dir, cmd.Env, cmd.Stdin = t.TempDir(), environment, strings.NewReader(input)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code says it
	require.NoError(t, ctx.Err(), "%v does not end", arguments)
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// lines splits text into its lines, without the last end.
func lines(text string) []string {
	var all []string
	scanner := bufio.NewScanner(strings.NewReader(text))
	for scanner.Scan() {
		all = append(all, scanner.Text())
	}
	return all
}
