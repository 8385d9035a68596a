package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// collector is an OpenTelemetry collector on loopback, which keeps what it receives.
type collector struct {
	*httptest.Server
	mu      sync.Mutex
	spans   []*tracepb.Span
	metrics []string // names
	text    strings.Builder
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.receive(r); err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// receive decodes an export. The request of the protocol has the same fields as TracesData and
// MetricsData.
func (c *collector) receive(r *http.Request) error {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		body = unzipped
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(raw)
	if r.URL.Path == "/v1/metrics" {
		return c.addMetrics(raw)
	}
	return c.addSpans(raw)
}

func (c *collector) addSpans(raw []byte) error {
	var data tracepb.TracesData
	if err := proto.Unmarshal(raw, &data); err != nil {
		return err
	}
	c.text.WriteString(protojson.Format(&data))
	for _, resource := range data.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	return nil
}

func (c *collector) addMetrics(raw []byte) error {
	var data metricpb.MetricsData
	if err := proto.Unmarshal(raw, &data); err != nil {
		return err
	}
	for _, resource := range data.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				c.metrics = append(c.metrics, metric.GetName())
			}
		}
	}
	return nil
}

// statements returns the SQL of the spans within those of a route.
func (c *collector) statements(route string) (all []string) {
	for _, parent := range c.spans {
		if parent.GetName() != route {
			continue
		}
		for _, span := range c.spans {
			if bytes.Equal(span.GetTraceId(), parent.GetTraceId()) {
				all = append(all, attribute(span, "db.query.text"))
			}
		}
	}
	return all
}

func attribute(span *tracepb.Span, key string) string {
	for _, a := range span.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// Traces have the operations and the SQL of each request, and nothing of what callers send.
func TestTraces(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		c := newCollector(t)
		s := start(t, inst, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL)
		const name, password = "name-canary", "password-canary"
		s.mustSignUp(t, name, password)
		access, refresh := s.signIn(t, name, password)
		require.Equal(t, http.StatusOK, s.refresh(t, refresh).status)
		require.Equal(t, http.StatusBadRequest, s.login(t, name, "wrong-canary").status)
		require.Equal(t, http.StatusConflict, s.signUp(t, name, password).status)
		r := s.newRequest(t, "GET /api/auth/users/me?q=query-canary", "", "")
		r.Header.Set("Authorization", "Bearer "+access)
		r.Header.Set("User-Agent", "agent-canary")
		r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		r.Header.Set("Tracestate", "state-canary=1")
		r.Header.Set("Baggage", "baggage-canary=1")
		require.Equal(t, http.StatusOK, send(t, s.from("192.0.2.77").httpClient(t), r).status)
		s.get(t, "/path-canary/et_path-canary", "")
		s.get(t, "/healthz", "")
		s.stop() // exports the rest

		var names []string
		for _, span := range c.spans {
			names = append(names, span.GetName())
		}
		require.Contains(t, names, "POST /token")
		require.NotContains(t, names, "GET /healthz")
		own := c.spans[slices.Index(names, "GET /api/auth/users/me")]
		require.Equal(t, "0af7651916cd43dd8448eb211c80319c", hex.EncodeToString(own.GetTraceId()), "the caller's trace continues")
		require.Equal(t, "/api/auth/users/me", attribute(own, "http.route"))
		if strings.HasPrefix(inst.database, "postgres") {
			require.Contains(t, strings.Join(c.statements("POST /token"), "\n"), "INSERT INTO sessions")
			require.Contains(t, strings.Join(c.statements("POST /token"), "\n"), "UPDATE sessions")
		}
		require.Contains(t, c.metrics, "latchkey_http_requests_total")
		for _, secret := range []string{"canary", "192.0.2.77", "127.0.0.1", access, refresh, strings.Split(access, ".")[2],
			base64.StdEncoding.EncodeToString([]byte(password))} {
			require.NotContains(t, c.text.String(), secret)
		}
	})
}

// A collector that does not respond is logged, and disturbs nobody.
func TestTracesWithoutCollector(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t), "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT=200")
	s.devSignIn(t, "user")
	s.stop()
	require.Contains(t, s.wholeLog(t), "telemetry not exported")
	got := execute(t, newSQLite(t).environment("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"), "", "serve", "--dev", "--listen", "127.0.0.1:0")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, `OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" is not supported; use http/protobuf`)
}
