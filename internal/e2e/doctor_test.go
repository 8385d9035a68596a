package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// healthy are the settings of an installation without fault.
var healthy = []string{withSecret, "LATCHKEY_ISSUER=https://auth.example.com"}

// doctor runs the doctor of an installation, with settings that come after the healthy ones.
func (i installation) doctor(t *testing.T, settings []string, arguments ...string) result {
	t.Helper()
	environment := append(i.environment(healthy...), settings...)
	got := execute(t, environment, "", append([]string{"doctor"}, arguments...)...)
	for _, secret := range []string{"canary", oldSecret} {
		require.NotContains(t, got.stdout+got.stderr, secret)
	}
	return got
}

func TestDoctorFindsNothing(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.createUser(t, "alice")
		got := inst.doctor(t, nil)
		require.Zero(t, got.code, got.stdout)
		require.NotContains(t, got.stdout, "FAILED")
		for _, check := range []string{"settings", "files", "database", "schema", "clock", "keys", "users"} {
			require.Regexp(t, `(?m)^ok +`+check+` `, got.stdout)
		}

		got = inst.doctor(t, nil, "--json")
		for _, line := range lines(got.stdout) {
			var finding struct{ Check, Status, Text, Mend string }
			require.NoError(t, json.Unmarshal([]byte(line), &finding), line)
			require.NotEmpty(t, finding.Check)
			require.NotEmpty(t, finding.Text)
			require.Equal(t, finding.Status == "ok", finding.Mend == "", line)
		}
	})
}

// brokenSetUp is an installation with a fault, and the lines about it.
type brokenSetUp struct {
	breakIt  func(t *testing.T, inst installation)
	settings []string
	want     []string // parts of one line
	warning  bool
}

var brokenSetUps = map[string]brokenSetUp{
	"no issuer": {
		settings: []string{"LATCHKEY_ISSUER="},
		want:     []string{"settings", "LATCHKEY_ISSUER is not set: set it to the public URL of this service"},
	},
	"another secret": {
		breakIt:  func(t *testing.T, inst installation) { t.Helper(); launchAndStop(t, inst) },
		settings: []string{"LATCHKEY_SECRET=" + strings.Repeat("0123456789abcdef", 3)},
		want:     []string{"keys", "cannot be opened", "To mend: set the secret that belongs to this database; after a replacement list the old secret after the new one"},
	},
	"database that does not run": {
		settings: []string{"LATCHKEY_DATABASE_URL=postgres://u:canary@127.0.0.1:1/x"},
		want:     []string{"database", "connection refused", "To mend: check LATCHKEY_DATABASE_URL, and that the server runs"},
	},
	"mail server that does not run": {
		settings: []string{"LATCHKEY_SMTP_HOST=127.0.0.1", "LATCHKEY_SMTP_PORT=1", "LATCHKEY_SMTP_TLS=none", "LATCHKEY_MAIL_FROM=x@example.com"},
		want:     []string{"mail", "connection refused", "To mend: check LATCHKEY_SMTP_HOST, LATCHKEY_SMTP_PORT"},
	},
	"no mail server": {
		warning: true, want: []string{"mail", "no mail server is set", "To mend: set LATCHKEY_SMTP_HOST and LATCHKEY_MAIL_FROM"},
	},
	"database that others can read": {
		breakIt: func(t *testing.T, inst installation) {
			t.Helper()
			require.NoError(t, os.Chmod(inst.sqliteFile(), 0o644))
		},
		want: []string{"files", "latchkey.db is accessible to other users (mode 0644)", "To mend: run chmod 600 "},
	},
	"users of development mode": {
		breakIt: func(t *testing.T, inst installation) { t.Helper(); start(t, inst).stop() },
		want:    []string{"users", "admin has the password of development mode", "To mend: latchkey user delete admin, or set another password"},
	},
	"clock that is behind": {
		breakIt: func(t *testing.T, inst installation) {
			t.Helper()
			inst.exec(t, "UPDATE audit_events SET at = at + 3600")
		},
		want: []string{"clock", "ahead of this machine's clock", "To mend: synchronise the clocks with NTP"},
	},
	"data directory below a file": {
		settings: []string{"LATCHKEY_DATABASE_URL=", "LATCHKEY_DATA_DIR=/dev/null/data"},
		want:     []string{"disk", "not a directory", "To mend: let the user that runs the service write there, or set LATCHKEY_DATA_DIR"},
	},
	"schema that is older": {
		breakIt: func(t *testing.T, inst installation) { t.Helper(); inst.mustRun(t, "migrate", "down", "--yes") },
		warning: true, want: []string{"schema", "1 migration pending", "To mend: start the service, or run latchkey migrate up"},
	},
	"webhook that nobody receives": {
		breakIt: func(t *testing.T, inst installation) {
			t.Helper()
			execute(t, inst.environment(healthy...), "", "hook", "create", "http://127.0.0.1:1/?key=canary")
		},
		warning: true, want: []string{"webhooks", "no connection to 127.0.0.1:1", "To mend: check that the receiver runs"},
	},
	"proxy that is not trusted": {
		settings: []string{"LATCHKEY_BEHIND_TLS_PROXY=true"},
		warning:  true, want: []string{"settings", "share one rate limit", "To mend: set LATCHKEY_TRUSTED_PROXIES to the network of the proxy"},
	},
}

// Each fault is one line that says how to mend it.
func TestDoctorFindsFaults(t *testing.T) {
	t.Parallel()
	for name, c := range brokenSetUps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inst := newSQLite(t)
			inst.createUser(t, "alice")
			if c.breakIt != nil {
				c.breakIt(t, inst)
			}
			got := inst.doctor(t, c.settings)
			requireFinding(t, got, c.warning, c.want...)
		})
	}
}

// requireFinding requires one line with all parts, and the exit code for its status.
func requireFinding(t *testing.T, got result, warning bool, parts ...string) {
	t.Helper()
	status, code := "FAILED", 1
	if warning {
		status, code = "warning", 0
	}
	require.Equal(t, code, got.code, got.stdout+got.stderr)
	for _, line := range lines(got.stdout) {
		found := strings.HasPrefix(line, status) && strings.HasPrefix(strings.TrimLeft(line[len(status):], " "), parts[0])
		for _, part := range parts[1:] {
			found = found && strings.Contains(line, part)
		}
		if found {
			return
		}
	}
	require.Fail(t, "no such finding", "%s %v in\n%s", status, parts, got.stdout)
}

// launchAndStop runs the service with the healthy settings for a moment.
func launchAndStop(t *testing.T, inst installation) {
	t.Helper()
	s := launchWith(t, inst, nil, healthy...)
	s.waitUntilListening()
	s.stop()
}

func (i installation) sqliteFile() string { return strings.TrimPrefix(i.database, "sqlite:") }

func TestDoctorReadsTheCertificate(t *testing.T) {
	t.Parallel()
	inst, pair := newSQLite(t), newKeyPair(t)
	pair.replace(t, "expired", -time.Minute)
	requireFinding(t, inst.doctor(t, pair.environment()), false, "certificate", "expired at", "To mend: renew the certificate")
	pair.replace(t, "soon", 24*time.Hour)
	requireFinding(t, inst.doctor(t, pair.environment()), true, "certificate", "expires at", "To mend: renew the certificate")
	require.NoError(t, os.WriteFile(pair.key, []byte("canary"), 0o600))
	requireFinding(t, inst.doctor(t, pair.environment()), false, "certificate", filepath.Base(pair.key), "To mend: set LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY")
}

// With a public URL, the doctor sees what is wrong between the clients and the service.
func TestDoctorAsksThePublicURL(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		target := make(chan *url.URL, 1) // the service, which starts after its proxy
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			service := <-target
			target <- service
			r.Header.Del("X-Forwarded-For") // the proxy sets it anew
			httputil.NewSingleHostReverseProxy(service).ServeHTTP(w, r)
		}))
		t.Cleanup(proxy.Close)
		service := launchWith(t, inst, nil, withSecret, "LATCHKEY_ISSUER="+proxy.URL)
		service.waitUntilListening()
		target <- &url.URL{Scheme: "http", Host: strings.TrimPrefix(service.url, "http://")}
		issuer := []string{"LATCHKEY_ISSUER=" + proxy.URL}

		got := inst.doctor(t, issuer, "--url", proxy.URL)
		require.Zero(t, got.code, got.stdout)
		require.Regexp(t, `(?m)^ok +public URL +the issuer is the same`, got.stdout)
		require.Regexp(t, `(?m)^ok +addresses +the service sees this machine as 127\.0\.0\.1`, got.stdout)

		requireFinding(t, inst.doctor(t, nil, "--url", proxy.URL), false, "public URL", "but not for the service", "To mend: run the doctor with the settings of the service")
		requireFinding(t, inst.doctor(t, issuer, "--url", service.url), false, "public URL", "says that its issuer is", "To mend: set LATCHKEY_ISSUER="+service.url)
		requireFinding(t, inst.doctor(t, issuer, "--url", "http://auth.example.com"), false, "public URL", "is not an https URL", "To mend: give the URL that clients use")
		requireFinding(t, inst.doctor(t, issuer, "--url", "http://127.0.0.1:1"), false, "public URL", "connection refused", "To mend: check DNS, the firewall")

		other := newSQLite(t)
		other.createUser(t, "alice")
		requireFinding(t, other.doctor(t, issuer, "--url", proxy.URL), false, "addresses", "uses another database")
	})
}

// In development, the doctor knows the issuer that the service chose, and the one that it would choose.
func TestDoctorInDevelopment(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	service := start(t, inst, "LATCHKEY_ISSUER=", "LATCHKEY_TRUSTED_PROXIES=")
	got := inst.run(t, "doctor", "--dev", "--url", service.issuer)
	require.Zero(t, got.code, got.stdout)
	require.Regexp(t, `(?m)^ok +public URL +the issuer is the same`, got.stdout)

	require.NoError(t, os.Remove(filepath.Join(inst.dir, "dev-issuer")))
	got = inst.run(t, "doctor", "--dev", "--url", service.issuer, "--listen", strings.TrimPrefix(service.url, "http://"))
	require.Zero(t, got.code, got.stdout)
}

// A proxy that passes on what clients claim lets them choose their address.
func TestDoctorSeesForgedAddresses(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	target := make(chan string, 1) // the address of the service, which starts after its proxy
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := <-target
		target <- host
		r.RequestURI = ""
		r.URL.Scheme, r.URL.Host = "http", host
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		w.Header().Set("X-Request-Id", response.Header.Get("X-Request-Id"))
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	t.Cleanup(proxy.Close)
	service := launchWith(t, inst, nil, withSecret, "LATCHKEY_ISSUER="+proxy.URL)
	service.waitUntilListening()
	target <- strings.TrimPrefix(service.url, "http://")
	got := inst.doctor(t, []string{"LATCHKEY_ISSUER=" + proxy.URL}, "--url", proxy.URL)
	requireFinding(t, got, false, "addresses", "clients can choose their address", "To mend: let the proxy add the client's address to X-Forwarded-For")

	redirecting := httptest.NewServer(http.RedirectHandler("https://elsewhere.example.com/", http.StatusMovedPermanently))
	t.Cleanup(redirecting.Close)
	requireFinding(t, inst.doctor(t, nil, "--url", redirecting.URL), false, "public URL", "it redirects to https://elsewhere.example.com/", "To mend: let the proxy pass requests")
}
