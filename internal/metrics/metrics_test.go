package metrics_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/metrics"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/password"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// idle are the sources of a service that does nothing.
func idle() metrics.Sources {
	return metrics.Sources{
		Hashes:       func() password.Stats { return password.Stats{Slots: 2, Capacity: 9} },
		Keys:         func() []keyring.Status { return []keyring.Status{{State: keyring.Signing}} },
		NextRotation: func() time.Time { return noon.Add(time.Hour) },
		Outbox:       func(context.Context) ([]outbox.Stats, error) { return nil, nil },
		Pools:        func() []metrics.Pool { return []metrics.Pool{{Name: "writer", Max: 1, WaitTime: time.Second / 2}} },
		Now:          func() time.Time { return noon },
	}
}

// scrape returns the metrics as Prometheus reads them.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	got := httptest.NewRecorder()
	m.Handler().ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	require.Equal(t, 200, got.Code)
	return got.Body.String()
}

func requireLines(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, line := range want {
		require.Contains(t, text, "\n"+line+"\n")
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	s := idle()
	s.Hashes = func() password.Stats {
		return password.Stats{Slots: 2, Running: 2, Capacity: 9, Waiting: 3, Started: 70}
	}
	s.NextRotation = func() time.Time { return noon.Add(-time.Minute) }
	s.Certificate = func() time.Time { return noon }
	s.Outbox = func(context.Context) ([]outbox.Stats, error) {
		return []outbox.Stats{{Kind: outbox.Email, Jobs: 5, Failing: 2, Oldest: noon.Add(-time.Hour)}}, nil
	}
	m := metrics.New(metrics.Build{Version: "1.2", Revision: "abc", Go: "go1"})
	m.Watch(s)
	requireLines(t, scrape(t, m),
		`latchkey_build_info{goversion="go1",revision="abc",version="1.2"} 1`,
		`latchkey_hash_queue_length 3`, `latchkey_hash_running 2`, `latchkey_hashes_total 70`,
		`latchkey_signing_key_rotation_seconds -60`, `latchkey_signing_keys{state="signing"} 1`, `latchkey_signing_keys{state="pending"} 0`,
		`latchkey_outbox_jobs{kind="email"} 5`, `latchkey_outbox_failing_jobs{kind="email"} 2`, `latchkey_outbox_oldest_seconds{kind="email"} 3600`,
		`latchkey_outbox_jobs{kind="webhook_call"} 0`, `latchkey_database_up 1`,
		`latchkey_database_wait_seconds_total{pool="writer"} 0.5`,
		`latchkey_tls_certificate_expiry_timestamp_seconds 1.7723664e+09`,
	)
}

// A database that does not respond leaves out its own metrics only.
func TestScrapeWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := idle()
	s.Outbox = func(ctx context.Context) ([]outbox.Stats, error) {
		_, limited := ctx.Deadline()
		require.True(t, limited, "the query has no time limit")
		return nil, errors.New("connection refused")
	}
	m := metrics.New(metrics.Build{})
	m.Watch(s)
	got := scrape(t, m)
	requireLines(t, got, `latchkey_database_up 0`, `latchkey_hash_slots 2`)
	require.NotContains(t, got, "latchkey_outbox_jobs")
	require.NotContains(t, got, "latchkey_tls_certificate")
}

func TestEvents(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Build{})
	m.Request(httpapi.Observation{Operation: "issueToken", Status: 503, Duration: 20 * time.Millisecond, Unavailable: "hash_queue"})
	m.Request(httpapi.Observation{Operation: "issueToken", Status: 200, Duration: 2 * time.Millisecond})
	m.Limited("letter-to")
	m.Refreshed("reused")
	m.JobDone(outbox.WebhookCall, errors.New("refused"))
	m.JobDone("unknown", nil)
	m.TaskDone("signing keys", nil, noon)
	m.TaskDone("signing keys", errors.New("failed"), noon.Add(time.Hour))
	requireLines(t, scrape(t, m),
		`latchkey_http_requests_total{operation="issueToken",status="503"} 1`,
		`latchkey_http_request_duration_seconds_bucket{operation="issueToken",le="0.0025"} 1`,
		`latchkey_http_request_duration_seconds_count{operation="issueToken"} 2`,
		`latchkey_http_unavailable_total{cause="hash_queue"} 1`, `latchkey_http_unavailable_total{cause="database"} 0`,
		`latchkey_rate_limit_hits_total{limit="email-to"} 1`, `latchkey_rate_limit_hits_total{limit="login-user"} 0`,
		`latchkey_refreshes_total{outcome="reused"} 1`, `latchkey_refreshes_total{outcome="rotated"} 0`,
		`latchkey_outbox_attempts_total{kind="webhook_call",outcome="failed"} 1`, `latchkey_outbox_attempts_total{kind="other",outcome="succeeded"} 1`,
		`latchkey_background_runs_total{outcome="failed",task="signing keys"} 1`,
		`latchkey_background_last_success_timestamp_seconds{task="signing keys"} 1.7723664e+09`,
	)
	require.NotContains(t, scrape(t, m), "letter", "an old word is in a label")
}
