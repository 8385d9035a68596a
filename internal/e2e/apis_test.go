//go:build apis

package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// example is an API of a page in docs/apis. Its files are blocks of the pages.
type example struct {
	files   map[string][2]string // name of the file to the page and the language of the block
	command func(port string) []string
}

var (
	pythonReader = [2]string{"ended-sessions", "python"}
	nodeReader   = [2]string{"ended-sessions", "js"}
)

func python(arguments ...string) []string {
	return append([]string{os.Getenv("APIS_PYTHON"), "-B"}, arguments...)
}

var examples = map[string]example{
	"Express": {map[string][2]string{"api.mjs": {"express", "js"}, "revocations.mjs": nodeReader},
		func(string) []string { return []string{"node", "api.mjs"} }},
	"FastAPI": {map[string][2]string{"api.py": {"fastapi", "python"}, "revocations.py": pythonReader},
		func(port string) []string { return python("-m", "uvicorn", "api:app", "--port", port) }},
	"Flask": {map[string][2]string{"api.py": {"flask", "python"}, "revocations.py": pythonReader},
		func(port string) []string { return python("-m", "flask", "--app", "api", "run", "--port", port) }},
}

// The APIs of the documentation let pass exactly the requests that may, make no call per request, and refuse
// the tokens of an ended session within 10 seconds.
func TestAPIs(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, os.Getenv("APIS_PYTHON"), "run these tests with `make apis`, which installs the packages")
	for name, e := range examples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, newSQLite(t))
			latchkey := newCountingProxy(t, s)
			api := e.start(t, s, latchkey.url)
			user, admin, ending := s.devToken(t, "user"), s.devToken(t, "admin"), s.devToken(t, "user")

			got := api.get(t, "/me", "")
			require.Equal(t, http.StatusUnauthorized, got.status)
			require.Contains(t, got.header.Get("WWW-Authenticate"), "Bearer")
			got = api.get(t, "/me", user)
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.JSONEq(t, `{"sub": "`+claim(t, user, "sub")+`"}`, got.body)
			require.Equal(t, http.StatusForbidden, api.get(t, "/admin", user).status)
			require.Equal(t, http.StatusOK, api.get(t, "/admin", admin).status)
			for _, hostile := range hostileTokens(user) {
				require.Equal(t, http.StatusUnauthorized, api.get(t, "/me", hostile).status, hostile)
			}
			before := latchkey.requests.Load()
			for range 200 {
				require.Equal(t, http.StatusOK, api.get(t, "/me", user).status)
			}
			require.LessOrEqual(t, latchkey.requests.Load()-before, int64(5), "a request causes no call")

			require.Equal(t, http.StatusOK, api.get(t, "/me", ending).status)
			require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", ending).status)
			begin := time.Now()
			require.Eventually(t, func() bool { return api.get(t, "/me", ending).status == http.StatusUnauthorized },
				refusedWithin, 50*time.Millisecond)
			t.Logf("refused %v after the end", time.Since(begin).Round(time.Millisecond))
			require.Equal(t, http.StatusOK, api.get(t, "/me", user).status)
			s.stop()
			require.Equal(t, http.StatusOK, api.get(t, "/me", user).status, "while Latchkey is away")
			require.Equal(t, http.StatusUnauthorized, api.get(t, "/me", ending).status)
		})
	}
}

// Traefik is installed with the packages of Python. It listens before it has read its configuration.
func TestAPIsTraefik(t *testing.T) {
	t.Parallel()
	g := gateway{page: "traefik", files: map[string]string{"gateway.yaml": "yaml"},
		program: filepath.Join(filepath.Dir(os.Getenv("APIS_PYTHON")), "traefik"),
		arguments: []string{"--entrypoints.web.address=ADDRESS", "--providers.file.filename=gateway.yaml", "--log.level=ERROR",
			"--global.checknewversion=false", "--global.sendanonymoususage=false"}}
	inst := newSQLite(t)
	inst.addClients(t)
	s := start(t, inst)
	traefik := g.start(t, s, newEchoAPI(t))
	eventually(t, func() bool { return askGateway(t, traefik+"/items", "").status != http.StatusNotFound })
	testGateway(t, s, traefik)
}

// Envoy is installed with the packages of Python, too. It checks tokens with the keys alone.
func TestAPIsEnvoy(t *testing.T) {
	t.Parallel()
	g := gateway{page: "envoy", files: map[string]string{"gateway.yaml": "yaml"},
		program:   filepath.Join(filepath.Dir(os.Getenv("APIS_PYTHON")), "envoy"),
		arguments: []string{"-c", "gateway.yaml", "--log-level", "error", "--use-dynamic-base-id"}}
	inst := newSQLite(t)
	inst.addClients(t)
	s := start(t, inst)
	user, admin, client := s.devToken(t, "user"), s.devToken(t, "admin"), s.clientToken(t, "worker", "worker-secret")
	url := g.start(t, s, newEchoAPI(t))
	s.stop() // the keys are enough

	anonymous := askGateway(t, url+"/items", "")
	require.Equal(t, http.StatusUnauthorized, anonymous.status)
	require.Contains(t, anonymous.header.Get("WWW-Authenticate"), "Bearer")
	for _, hostile := range hostileTokens(user) {
		if hostile == user+"x" {
			continue // Envoy ignores an incomplete byte after the signature, which it checks all the same
		}
		require.Equal(t, http.StatusUnauthorized, askGateway(t, url+"/items", hostile).status, hostile)
	}
	got := askGateway(t, url+"/items", user)
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.Equal(t, claim(t, user, "sub"), got.header.Get("Seen-X-Auth-Subject"))
	require.Equal(t, "profile", got.header.Get("Seen-X-Auth-Scope"))
	require.Equal(t, claim(t, user, "sid"), got.header.Get("Seen-X-Auth-Session"))
	require.Empty(t, got.header.Get("Seen-X-Auth-Roles"), "the roles that the client has sent")
	require.Empty(t, got.header.Get("Seen-X-Auth-Username"))

	require.Equal(t, http.StatusForbidden, askGateway(t, url+"/admin/x", user).status)
	require.Equal(t, http.StatusForbidden, askGateway(t, url+"/admin/x", client).status)
	require.Equal(t, http.StatusOK, askGateway(t, url+"/admin/x", admin).status)
	require.Equal(t, "worker", askGateway(t, url+"/items", client).header.Get("Seen-X-Auth-Subject"))
}

// hostileTokens are tokens that look like a valid one.
func hostileTokens(valid string) []string {
	parts := strings.Split(valid, ".")
	return []string{
		"junk",
		valid + "x",
		parts[0] + "." + parts[1] + ".",
		"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + parts[1] + ".",
		parts[0] + ".eyJzdWIiOiJhZG1pbiJ9." + parts[2],
	}
}

// exampleAPI is an API that runs.
type exampleAPI struct{ url string }

func (a exampleAPI) get(t *testing.T, path, token string) response {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, a.url+path, nil)
	require.NoError(t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return send(t, &http.Client{Timeout: waitTimeout, Transport: noKeepAlive}, r)
}

// start runs the API until the end of the test. It reaches Latchkey at a URL.
func (e example) start(t *testing.T, s *server, latchkey string) exampleAPI {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	for name, block := range e.files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(snippet(t, block[0], block[1])), 0o600))
	}
	require.NoError(t, os.Symlink(os.Getenv("APIS_NODE_MODULES"), filepath.Join(dir, "node_modules")))
	_, port, _ := strings.Cut(address, ":")
	command := e.command(port)
	cmd := exec.CommandContext(context.Background(), command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "PORT=" + port, "LATCHKEY_ISSUER=" + s.issuer, "AUTH_URL=" + latchkey}
	runUntilListening(t, cmd, address)
	return exampleAPI{"http://" + address}
}

// countingProxy passes requests on to a server and counts them.
type countingProxy struct {
	url      string
	requests atomic.Int64
}

func newCountingProxy(t *testing.T, s *server) *countingProxy {
	t.Helper()
	target, err := url.Parse(s.url)
	require.NoError(t, err)
	var p countingProxy
	next := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: noKeepAlive}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return &p
}
