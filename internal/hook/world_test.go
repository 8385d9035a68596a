package hook

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/outbox/outboxtest"
)

// memory is a store of hooks in memory, to the letter of Store.
type memory struct {
	mu         sync.Mutex
	hooks      []Hook
	deliveries map[string]Delivery
	notes      []audit.Note
}

var _ Store = (*memory)(nil)

func (m *memory) CreateHook(_ context.Context, h Hook, n audit.Note) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks, m.notes = append(m.hooks, h), append(m.notes, n)
	return nil
}

func (m *memory) Hooks(ctx context.Context) ([]Hook, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.hooks), ctx.Err()
}

func (m *memory) known(id string) bool {
	return slices.ContainsFunc(m.hooks, func(h Hook) bool { return h.ID == id })
}

func (m *memory) DeleteHook(_ context.Context, id string, n audit.Note) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known(id) {
		return account.ErrNotFound
	}
	m.hooks = slices.DeleteFunc(m.hooks, func(h Hook) bool { return h.ID == id })
	m.notes = append(m.notes, n)
	return nil
}

func (m *memory) RecordDelivery(ctx context.Context, d Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known(d.HookID) {
		return account.ErrNotFound
	}
	m.deliveries[d.ID] = d
	return ctx.Err()
}

func (m *memory) Deliveries(_ context.Context, hookID string, limit int) ([]Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Delivery
	for _, d := range m.deliveries {
		if d.HookID == hookID {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b Delivery) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
	})
	return all[:min(limit, len(all))], nil
}

func (m *memory) Delivery(_ context.Context, id string) (Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.deliveries[id]
	if !ok {
		return d, account.ErrNotFound
	}
	return d, nil
}

func (m *memory) PurgeDeliveries(_ context.Context, before time.Time, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for id, d := range m.deliveries {
		if n < limit && d.TriedAt.Before(before) {
			delete(m.deliveries, id)
			n++
		}
	}
	return n, nil
}

// world is the hooks of one test, with a worker that calls them.
type world struct {
	*Service
	store  *memory
	jobs   *outboxtest.Store
	clock  *outboxtest.Clock
	worker *outbox.Worker
	keys   []string // the master secrets, newest first
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{
		store: &memory{deliveries: map[string]Delivery{}}, jobs: outboxtest.NewStore(), clock: &outboxtest.Clock{},
		keys: []string{"master"},
	}
	o.Store, o.Queue, o.Now = w.store, w.jobs, w.clock.Now
	o.Derive = func(label string) [][]byte {
		var all [][]byte
		for _, key := range w.keys {
			sum := sha256.Sum256([]byte(key + label))
			all = append(all, sum[:])
		}
		return all
	}
	w.Service = New(o)
	w.worker = &outbox.Worker{
		Store: w.jobs, Handlers: w.Handlers(), Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
	}
	return w
}

func (w *world) hook(t *testing.T, url string, events ...audit.Action) (Hook, string) {
	t.Helper()
	h, secret, err := w.Create(t.Context(), url, events)
	require.NoError(t, err)
	w.clock.Advance(time.Second)
	return h, secret
}

// happen lets something happen to alice, and gives the job that tells of it.
func (w *world) happen(t *testing.T, action audit.Action) outbox.Job {
	t.Helper()
	job := outbox.New(account.NewID(), outbox.Notice, account.Notice{
		Type: action, Timestamp: w.now(),
		Data: account.NoticeData{UserID: "8d1c7f2e-0000-4000-8000-000000000001", Username: "alice", Email: "alice@example.org"},
	}, w.now())
	require.NoError(t, w.jobs.Enqueue(t.Context(), job))
	return job
}

func (w *world) work(t *testing.T) {
	t.Helper()
	_, err := w.worker.Work(t.Context())
	require.NoError(t, err)
}

// deliveries gives those of a hook.
func (w *world) deliveries(t *testing.T, h Hook) []Delivery {
	t.Helper()
	all, err := w.Deliveries(t.Context(), h.ID, 100)
	require.NoError(t, err)
	return all
}

// receiver is somebody's server, which answers as it is told and remembers what it was told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer int
	calls  []received
}

type received struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T, answer int) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, received{request.Header, body})
		w.WriteHeader(r.answer)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = status
}

func (r *receiver) got() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// verify checks a call as the Standard Webhooks specification tells receivers to.
func verify(t *testing.T, secret string, c received) bool {
	t.Helper()
	text, found := strings.CutPrefix(secret, "whsec_")
	require.True(t, found)
	key, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(key), 24)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c.header.Get("Webhook-Id") + "." + c.header.Get("Webhook-Timestamp") + "." + string(c.body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.Contains(strings.Split(c.header.Get("Webhook-Signature"), " "), want)
}
