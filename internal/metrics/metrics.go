package metrics

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/throttle"
)

// requestBuckets are the bounds of the request durations, in seconds: a verified token takes less than
// a millisecond, a password hash tens of them, and a database that does not respond seconds.
var requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Build describes the program.
type Build struct{ Version, Revision, Go string }

// Metrics are the metrics of one service. Its methods are safe for concurrent use.
type Metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.CounterVec
	durations   *prometheus.HistogramVec
	unavailable *prometheus.CounterVec
	limits      *prometheus.CounterVec
	refreshes   *prometheus.CounterVec
	attempts    *prometheus.CounterVec
	tasks       *prometheus.CounterVec
	taskSuccess *prometheus.GaugeVec
}

// New returns the metrics of a program. Call Watch to add what the service knows about its parts.
func New(b Build) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("latchkey_http_requests_total", "Requests by operation of the contract and status.", "operation", "status"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "latchkey_http_request_duration_seconds", Help: "Time until the response was written, by operation.",
			Buckets: requestBuckets,
		}, []string{"operation"}),
		unavailable: counter("latchkey_http_unavailable_total", "Responses with status 503, by cause.", "cause"),
		limits:      counter("latchkey_rate_limit_hits_total", "Attempts that a rate limit refused, by limit.", "limit"),
		refreshes:   counter("latchkey_refreshes_total", "Refresh tokens presented, by outcome.", "outcome"),
		attempts:    counter("latchkey_outbox_attempts_total", "Attempts to do a job of the outbox, by kind and outcome.", "kind", "outcome"),
		tasks:       counter("latchkey_background_runs_total", "Runs of background tasks, by task and outcome.", "task", "outcome"),
		taskSuccess: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "latchkey_background_last_success_timestamp_seconds",
			Help: "When a background task last succeeded, in seconds since 1970.",
		}, []string{"task"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "latchkey_build_info", Help: "Always 1; the labels describe the program.",
	}, []string{"version", "revision", "goversion"})
	build.WithLabelValues(b.Version, b.Revision, b.Go).Set(1)
	m.registry.MustRegister(build, m.requests, m.durations, m.unavailable, m.limits, m.refreshes, m.attempts, m.tasks, m.taskSuccess,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.startAtZero()
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// startAtZero makes the series whose labels are known beforehand: the rate of a series that appears
// with its first event would miss that event.
func (m *Metrics) startAtZero() {
	for _, cause := range httpapi.UnavailableCauses {
		m.unavailable.WithLabelValues(cause)
	}
	for _, outcome := range oauth.Outcomes {
		m.refreshes.WithLabelValues(outcome)
	}
	for _, policy := range throttle.Names() {
		m.limits.WithLabelValues(limitName(policy))
	}
	for kind := range kinds {
		m.attempts.WithLabelValues(kindName(kind), succeeded)
		m.attempts.WithLabelValues(kindName(kind), failed)
	}
}

// Handler serves the metrics in the format of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

// Gatherer returns the registry, for other ways to export it.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Request counts a request.
func (m *Metrics) Request(o httpapi.Observation) {
	m.requests.WithLabelValues(o.Operation, strconv.Itoa(o.Status)).Inc()
	m.durations.WithLabelValues(o.Operation).Observe(o.Duration.Seconds())
	if o.Unavailable != "" {
		m.unavailable.WithLabelValues(o.Unavailable).Inc()
	}
}

// Limited counts an attempt that a rate limit refused.
func (m *Metrics) Limited(policy string) { m.limits.WithLabelValues(limitName(policy)).Inc() }

// limitNames replaces what is older in the stored names of limits than the words used for them.
var limitNames = strings.NewReplacer("letter-", "email-", "-taken", "")

func limitName(policy string) string { return limitNames.Replace(policy) }

// Refreshed counts a refresh by its outcome.
func (m *Metrics) Refreshed(outcome string) { m.refreshes.WithLabelValues(outcome).Inc() }

// The values of the label outcome.
const (
	succeeded = "succeeded"
	failed    = "failed"
)

func outcomeOf(err error) string {
	if err != nil {
		return failed
	}
	return succeeded
}

// JobDone counts an attempt of the outbox.
func (m *Metrics) JobDone(kind outbox.Kind, err error) {
	m.attempts.WithLabelValues(kindName(kind), outcomeOf(err)).Inc()
}

// TaskDone counts a run of a background task, which ended at a time.
func (m *Metrics) TaskDone(task string, err error, at time.Time) {
	m.tasks.WithLabelValues(task, outcomeOf(err)).Inc()
	if err == nil {
		m.taskSuccess.WithLabelValues(task).Set(float64(at.Unix()))
	}
}

// kinds are the names of the kinds of jobs; the stored words are older.
var kinds = map[outbox.Kind]string{
	outbox.Email: "email", outbox.WebhookEvent: "webhook_event", outbox.WebhookCall: "webhook_call",
}

func kindName(kind outbox.Kind) string {
	if name, known := kinds[kind]; known {
		return name
	}
	return "other"
}
