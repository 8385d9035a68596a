package e2e

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gateway is a program in front of an API that asks Latchkey about each request, with the configuration
// of its page in docs/apis.
type gateway struct {
	page, variable string
	files          map[string]string // name of the file to the language of its block in the page
	wrap           string            // what is around the block of the first file, if anything
	arguments      []string          // ADDRESS in them is where to listen
	program        string            // default: the value of the variable
}

var gateways = map[string]gateway{
	"nginx": {page: "nginx", variable: "NGINX", files: map[string]string{"gateway.conf": "nginx"},
		wrap: `daemon off; pid nginx.pid; error_log stderr; events {}
http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi; client_max_body_size 8m;
%s}`, arguments: []string{"-p", ".", "-c", "gateway.conf", "-e", "stderr"}},
	"Caddy": {page: "caddy", variable: "CADDY", files: map[string]string{"gateway.conf": "caddyfile"},
		wrap: "{\n\tadmin off\n}\n%s", arguments: []string{"run", "--config", "gateway.conf", "--adapter", "caddyfile"}},
	"HAProxy": {page: "haproxy", variable: "HAPROXY", files: map[string]string{"gateway.conf": "haproxy", "verify.lua": "lua"},
		wrap: "%s", arguments: []string{"-f", "gateway.conf"}},
}

// Gateways with the configurations of the documentation let pass exactly the requests that may, and
// cannot be fooled by headers of the client.
func TestGateways(t *testing.T) {
	t.Parallel()
	for name, g := range gateways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachServer(t, func(t *testing.T, inst installation, s *server) {
				inst.addClients(t)
				testGateway(t, s, g.start(t, s, newEchoAPI(t)))
			})
		})
	}
}

func testGateway(t *testing.T, s *server, url string) {
	user, admin, client := s.devToken(t, "user"), s.devToken(t, "admin"), s.clientToken(t, "worker", "worker-secret")
	anonymous := askGateway(t, url+"/items", "")
	require.Equal(t, http.StatusUnauthorized, anonymous.status)
	require.Equal(t, `Bearer realm="`+s.issuer+`"`, anonymous.header.Get("WWW-Authenticate"))
	junk := askGateway(t, url+"/items", "junk")
	require.Equal(t, http.StatusUnauthorized, junk.status)
	require.Contains(t, junk.header.Get("WWW-Authenticate"), `error="invalid_token"`)

	body := strings.Repeat("x", 1<<20)
	got := askGateway(t, url+"/items", user, body)
	require.Equal(t, http.StatusOK, got.status, got.header)
	require.Equal(t, claim(t, user, "sub"), got.header.Get("Seen-X-Auth-Subject"))
	require.Equal(t, "user", got.header.Get("Seen-X-Auth-Username"))
	require.Equal(t, "ROLE_USER", got.header.Get("Seen-X-Auth-Roles"))
	require.Equal(t, "profile", got.header.Get("Seen-X-Auth-Scope"))
	require.Equal(t, claim(t, user, "sid"), got.header.Get("Seen-X-Auth-Session"))
	require.Len(t, got.body, len(body), "the body arrives")

	require.Equal(t, http.StatusForbidden, askGateway(t, url+"/admin/x", user).status)
	require.Equal(t, http.StatusOK, askGateway(t, url+"/admin/x", admin).status)

	if got = askGateway(t, url+"/items", client); got.status == http.StatusOK { // HAProxy's page asks for a scope of users
		require.Equal(t, "worker", got.header.Get("Seen-X-Auth-Subject"))
		require.Empty(t, got.header.Get("Seen-X-Auth-Roles"), "the roles that the client has sent")
		require.Empty(t, got.header.Get("Seen-X-Auth-Username"))
	}
	require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", user).status)
	require.Equal(t, http.StatusUnauthorized, askGateway(t, url+"/items", user).status)
	s.stop()
	require.GreaterOrEqual(t, askGateway(t, url+"/items", admin).status, http.StatusInternalServerError, "Latchkey is away")
}

// askGateway sends a request with the headers of an administrator. The body announces a second token.
func askGateway(t *testing.T, url, token string, body ...string) response {
	t.Helper()
	text := strings.Join(append(body, ""), "")
	if text == "" {
		text = "access_token=x"
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(text))
	require.NoError(t, err)
	r.Header.Set("Content-Type", formType)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, name := range []string{"X-Auth-Subject", "X-Auth-Username", "X-Auth-Roles", "X-Auth-Scope", "x_auth_roles", "X_Auth_Subject"} {
		r.Header[name] = []string{"ROLE_ADMIN"}
	}
	r.Header["x-auth-roles"] = []string{"ROLE_ADMIN"}
	return send(t, &http.Client{Timeout: waitTimeout, Transport: noKeepAlive}, r)
}

// newEchoAPI starts an API that trusts its gateway. It sends back the body, and the headers of the identity as
// it has seen them, both spellings together, as frameworks do that follow CGI.
func newEchoAPI(t *testing.T) string {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if name = http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-")); strings.HasPrefix(name, "X-Auth-") {
				w.Header()["Seen-"+name] = append(w.Header()["Seen-"+name], values...)
			}
		}
		for name, values := range w.Header() {
			w.Header().Set(name, strings.Join(values, ", "))
		}
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(api.Close)
	return api.Listener.Addr().String()
}

// start runs the gateway with the configuration of its page, in which only the addresses are replaced, until
// the end of the test. It returns its URL.
func (g gateway) start(t *testing.T, s *server, api string) string {
	t.Helper()
	program := cmp.Or(g.program, os.Getenv(g.variable))
	require.NotEmpty(t, program, "%s is not set: run the tests with `make test`, which finds or installs the gateways", g.variable)
	dir, address := t.TempDir(), freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	_, ofAPI, _ := net.SplitHostPort(api)
	_, ofServer, _ := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	addresses := strings.NewReplacer(
		"http://localhost:8080", s.issuer, "port_value: 8000", "port_value: "+port, "port_value: 3000", "port_value: "+ofAPI, "port_value: 8080", "port_value: "+ofServer,
		"127.0.0.1:8080", strings.TrimPrefix(s.url, "http://"), "127.0.0.1:3000", api,
		"bind 127.0.0.1:8000", "bind "+address, "listen 8000", "listen "+address, ":8000 {", "http://127.0.0.1:"+port+" {\n\tbind 127.0.0.1")
	for name, language := range g.files {
		text := addresses.Replace(snippet(t, g.page, language))
		if name == "gateway.conf" {
			text = fmt.Sprintf(g.wrap, text)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	arguments := slices.Clone(g.arguments)
	for i, argument := range arguments {
		arguments[i] = strings.Replace(argument, "ADDRESS", address, 1)
	}
	cmd := exec.CommandContext(context.Background(), program, arguments...)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}
	runUntilListening(t, cmd, address)
	return "http://" + address
}

// runUntilListening starts a program, waits until it listens, and stops it at the end of the test.
func runUntilListening(t *testing.T, cmd *exec.Cmd, address string) {
	t.Helper()
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(waitTimeout):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		if t.Failed() {
			t.Logf("%s:\n%s", cmd.Path, log.String())
		}
	})
	for deadline := time.Now().Add(waitTimeout); ; {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			require.NoError(t, conn.Close())
			return
		}
		select {
		case <-ended:
			require.Fail(t, "the program ended", log.String())
		case <-time.After(20 * time.Millisecond):
			require.True(t, time.Now().Before(deadline), "the program does not listen on %s", address)
		}
	}
}

// snippet returns the only block of code in a language of a page in docs/apis.
func snippet(t *testing.T, page, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/apis/" + page + ".md")
	require.NoError(t, err)
	blocks := strings.Split(string(text), "\n```"+language+"\n")
	require.Len(t, blocks, 2, "%s has one block of %s", page, language)
	block, _, found := strings.Cut(blocks[1], "\n```\n")
	require.True(t, found)
	return block + "\n"
}
