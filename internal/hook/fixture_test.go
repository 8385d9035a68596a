package hook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/outbox/outboxtest"
)

// fixture is a Service over a store in memory, with a worker that runs its jobs.
type fixture struct {
	*Service
	store  *memoryStore
	jobs   *outboxtest.Store
	clock  *outboxtest.Clock
	worker *outbox.Worker
	keys   []string // the master secrets, newest first
}

func newFixture(t *testing.T, o Options) *fixture {
	t.Helper()
	f := &fixture{
		store: &memoryStore{deliveries: map[string]Delivery{}}, jobs: outboxtest.NewStore(), clock: &outboxtest.Clock{},
		keys: []string{"master"},
	}
	o.Store, o.Queue, o.Now = f.store, f.jobs, f.clock.Now
	o.Derive = func(label string) [][]byte {
		var all [][]byte
		for _, key := range f.keys {
			sum := sha256.Sum256([]byte(key + label))
			all = append(all, sum[:])
		}
		return all
	}
	if o.Lookup == nil {
		o.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	}
	f.Service = New(o)
	f.worker = &outbox.Worker{
		Store: f.jobs, Handlers: f.Handlers(), Now: f.clock.Now, Log: slog.New(slog.DiscardHandler),
	}
	return f
}

// create creates a webhook and returns it with its secret.
func (f *fixture) create(t *testing.T, url string, events ...audit.Action) (Hook, string) {
	t.Helper()
	h, secret, err := f.Create(t.Context(), url, events)
	require.NoError(t, err)
	f.clock.Advance(time.Second)
	return h, secret
}

// emit enqueues a notice about the user alice and returns its job.
func (f *fixture) emit(t *testing.T, action audit.Action) outbox.Job {
	t.Helper()
	job := outbox.New(uuid.NewString(), outbox.WebhookEvent, account.WebhookEvent{
		Type: action, Timestamp: f.now(),
		Data: account.WebhookData{UserID: "8d1c7f2e-0000-4000-8000-000000000001", Username: "alice", Email: "alice@example.org"},
	}, f.now())
	require.NoError(t, f.jobs.Enqueue(t.Context(), job))
	return job
}

func (f *fixture) run(t *testing.T) {
	t.Helper()
	_, err := f.worker.Work(t.Context())
	require.NoError(t, err)
}

// deliveries returns the deliveries of a webhook.
func (f *fixture) deliveries(t *testing.T, h Hook) []Delivery {
	t.Helper()
	all, err := f.Deliveries(t.Context(), h.ID, 100)
	require.NoError(t, err)
	return all
}

// receiver is a server for a webhook. It responds with a given status and records the requests.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	status   int
	requests []request
}

type request struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T, status int) *receiver {
	t.Helper()
	r := &receiver{status: status}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests = append(r.requests, request{req.Header, body})
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) respondWith(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) received() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// verify reports whether a request has a valid signature by the Standard Webhooks specification.
func verify(t *testing.T, secret string, r request) bool {
	t.Helper()
	text, found := strings.CutPrefix(secret, "whsec_")
	require.True(t, found)
	key, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(key), 24)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(r.header.Get("Webhook-Id") + "." + r.header.Get("Webhook-Timestamp") + "." + string(r.body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.Contains(strings.Split(r.header.Get("Webhook-Signature"), " "), want)
}
