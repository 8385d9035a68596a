package e2e

import (
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const withAdmin = "LATCHKEY_ADMIN_LISTEN=127.0.0.1:0"

var adminAddress = regexp.MustCompile(`served without authentication" address=(\S+)`)

// admin requests a path from the admin listener.
func (s *server) admin(t *testing.T, path string) response {
	t.Helper()
	match := adminAddress.FindStringSubmatch(s.log.String())
	require.NotNil(t, match, "%s", s.log)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+match[1]+path, nil)
	require.NoError(t, err)
	return send(t, http.DefaultClient, r)
}

// metrics returns the values of all series of a scrape, by name with labels.
func (s *server) metrics(t *testing.T) map[string]string {
	t.Helper()
	got := s.admin(t, "/metrics")
	require.Equal(t, http.StatusOK, got.status)
	all := map[string]string{}
	for _, line := range lines(got.body) {
		if i := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") {
			all[line[:i]] = line[i+1:]
		}
	}
	return all
}

// Metrics count what happens, and no label says to whom.
func TestMetrics(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		access, refresh := s.devSignIn(t, "user")
		require.Equal(t, http.StatusOK, s.refresh(t, refresh).status)
		require.Equal(t, http.StatusOK, s.refresh(t, refresh).status)
		require.Equal(t, http.StatusBadRequest, s.refresh(t, "rt_junk").status)
		require.Equal(t, http.StatusOK, s.get(t, "/api/auth/users/me?canary=query-canary", access).status)
		require.Equal(t, http.StatusNotFound, s.get(t, "/path-canary", access).status)
		guesser := s.from("192.0.2.77")
		eventually(t, func() bool {
			return guesser.login(t, "name-canary", "password-canary").status == http.StatusTooManyRequests
		})
		eventually(t, func() bool {
			return s.metrics(t)[`latchkey_outbox_attempts_total{kind="email",outcome="succeeded"}`] == "3"
		})

		got := s.metrics(t)
		for series, want := range map[string]string{
			`latchkey_http_requests_total{operation="getOwnProfile",status="200"}`: "1",
			`latchkey_http_requests_total{operation="other",status="404"}`:         "1",
			`latchkey_refreshes_total{outcome="rotated"}`:                          "1",
			`latchkey_refreshes_total{outcome="repeated"}`:                         "1",
			`latchkey_refreshes_total{outcome="refused"}`:                          "1",
			`latchkey_rate_limit_hits_total{limit="login-user"}`:                   "1",
			`latchkey_http_unavailable_total{cause="database"}`:                    "0",
			`latchkey_signing_keys{state="signing"}`:                               "1",
			`latchkey_database_up`:                                                 "1",
			`latchkey_outbox_jobs{kind="email"}`:                                   "0",
		} {
			require.Equal(t, want, got[series], series)
		}
		require.NotEqual(t, "0", got["latchkey_hashes_total"])
		text := s.admin(t, "/metrics").body
		for _, canary := range []string{"canary", "192.0.2", "127.0.0.1", access, "example.com"} {
			require.NotContains(t, text, canary)
		}
		require.Less(t, len(got), 600, "series")
	}, withAdmin)
}

// The public listener has neither metrics nor profiles; the admin listener has both and no API.
func TestAdminListener(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t), withAdmin)
	for _, path := range []string{"/metrics", "/debug/pprof/", "/buildinfo"} {
		require.Equal(t, http.StatusNotFound, s.get(t, path, "").status, path)
		require.Equal(t, http.StatusOK, s.admin(t, path).status, path)
	}
	require.Equal(t, http.StatusOK, s.admin(t, "/debug/pprof/profile?seconds=1").status)
	require.Equal(t, http.StatusNotFound, s.admin(t, "/debug/pprof/cmdline").status)
	require.Equal(t, http.StatusNotFound, s.admin(t, "/healthz").status)
	require.Contains(t, s.admin(t, "/buildinfo").body, `"go":"go1.`)
	require.NotContains(t, start(t, newSQLite(t)).log.String(), "served without authentication", "off by default")
}

var (
	metricName   = regexp.MustCompile(`\b(?:latchkey|go|process)_\w+`)
	documentedBy = regexp.MustCompile("(?m)^\\| `(latchkey_\\w+)` \\| (\\w+) \\| (.*?) \\| (.*) \\|$")
	helpLine     = regexp.MustCompile(`(?m)^# HELP (latchkey_\w+) (.*)\n# TYPE \S+ (\w+)$`)
)

// Every metric in the dashboard and in the alert rules is one that the program has, and the table of
// metrics in the documentation has all of them.
func TestOperationsFilesMatchTheProgram(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := startTLS(t, inst, newKeyPair(t), withAdmin)
	s.mustServe(t, "/healthz")
	eventually(t, func() bool { return strings.Contains(s.admin(t, "/metrics").body, "latchkey_background_last_success") })
	names := map[string]bool{}
	for series := range s.metrics(t) {
		name, _, _ := strings.Cut(series, "{")
		names[name] = true
	}
	for _, file := range []string{"grafana-dashboard.json", "alerts.yaml"} {
		text, err := os.ReadFile("../../docs/operations/" + file)
		require.NoError(t, err)
		used := metricName.FindAllString(string(text), -1)
		require.Greater(t, len(used), 10, file)
		for _, name := range used {
			require.True(t, names[name], "%s: the program has no metric %s", file, name)
		}
	}

	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	documented, have := map[string]string{}, map[string]string{}
	for _, row := range documentedBy.FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = row[2] + " " + row[4]
	}
	for _, help := range helpLine.FindAllStringSubmatch(s.admin(t, "/metrics").body, -1) {
		have[help[1]] = help[3] + " " + help[2]
	}
	require.Equal(t, have, documented, "the metrics of the program, and the table in docs/operations.md")
	requireLabelsDocumented(t, s.server, string(page))
}

// requireLabelsDocumented compares the labels of each series with those in the table.
func requireLabelsDocumented(t *testing.T, s *server, page string) {
	t.Helper()
	documented := map[string]string{}
	for _, row := range documentedBy.FindAllStringSubmatch(page, -1) {
		documented[row[1]] = row[3]
	}
	label := regexp.MustCompile(`(\w+)="`)
	for series := range s.metrics(t) {
		name, labels, _ := strings.Cut(series, "{")
		base := name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if trimmed, found := strings.CutSuffix(name, suffix); found && documented[trimmed] != "" {
				base = trimmed
			}
		}
		have := map[string]bool{}
		for _, match := range label.FindAllStringSubmatch(labels, -1) {
			have["`"+match[1]+"`"] = match[1] != "le"
		}
		maps.DeleteFunc(have, func(_ string, counts bool) bool { return !counts })
		if strings.HasPrefix(name, "latchkey_") {
			want := strings.Split(documented[base], ", ")
			slices.Sort(want)
			require.Equal(t, strings.Join(want, ", "), strings.Join(slices.Sorted(maps.Keys(have)), ", "), series)
		}
	}
}

// Metrics say that the database is the cause, and are there while it does not respond.
func TestMetricsOfAnOutage(t *testing.T) {
	t.Parallel()
	proxied := newPostgres(t)
	proxy := startProxy(t, &proxied)
	s := start(t, proxied, withAdmin)
	proxy.set(hang)
	require.Equal(t, http.StatusServiceUnavailable, s.login(t, "user", devPassword("user")).status)
	got := s.metrics(t)
	require.Equal(t, "1", got[`latchkey_http_unavailable_total{cause="database"}`])
	require.Equal(t, "0", got[`latchkey_http_unavailable_total{cause="hash_queue"}`])
	require.Equal(t, "0", got[`latchkey_database_up`])
	require.Equal(t, "1", got[`latchkey_signing_keys{state="signing"}`])
	proxy.set(forward)
	eventually(t, func() bool { return s.metrics(t)[`latchkey_database_up`] == "1" })
}
