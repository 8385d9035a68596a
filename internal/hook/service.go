package hook

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// Queue takes on calls that are asked for.
type Queue interface {
	Enqueue(ctx context.Context, j outbox.Job) error
}

// Options are what hooks need.
type Options struct {
	Store Store
	Queue Queue
	// Derive gives a 32-byte key for a label under each master secret, newest first.
	Derive    func(label string) [][]byte
	Transport http.RoundTripper // nil is http.DefaultTransport
	Timeout   time.Duration     // of one call; 0 is 10 s
	Now       func() time.Time
}

// Service administers hooks and calls them.
type Service struct {
	Options
	client *http.Client
}

// New builds the service.
func New(o Options) *Service {
	return &Service{Options: o, client: &http.Client{
		Transport: o.Transport,
		Timeout:   cmp.Or(o.Timeout, callTimeout),
		// Whoever can answer a redirect could send our calls anywhere, also into our own network.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Second) }

// Create makes a hook and gives its secret. It answers invalid_request.
func (s *Service) Create(ctx context.Context, address string, events []audit.Action) (Hook, string, error) {
	if err := checkURL(address); err != nil {
		return Hook{}, "", err
	}
	if err := checkEvents(events); err != nil {
		return Hook{}, "", err
	}
	events = slices.Compact(slices.Sorted(slices.Values(events)))
	h := Hook{ID: account.NewID(), URL: address, Events: events, Active: true, CreatedAt: s.now()}
	event := audit.New(ctx, account.NewOrderedID(s.Now()), h.CreatedAt, audit.HookCreated, host(h.URL), h.ID)
	if err := s.Store.CreateHook(ctx, h, audit.Note{Event: event}); err != nil {
		return Hook{}, "", err
	}
	return h, s.secret(h.ID), nil
}

// host is what the audit log keeps of an address: its query may hold a key of the receiver's.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// Secret gives the secret of a hook, which is another one once the master secret is. It answers
// account.ErrNotFound.
func (s *Service) Secret(ctx context.Context, id string) (string, error) {
	all, err := s.Store.Hooks(ctx)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(all, func(h Hook) bool { return h.ID == id }) {
		return "", account.ErrNotFound
	}
	return s.secret(id), nil
}

func (s *Service) secret(id string) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(s.secrets(id)[0])
}

// List gives all hooks, oldest first.
func (s *Service) List(ctx context.Context) ([]Hook, error) { return s.Store.Hooks(ctx) }

// Delete deletes a hook and its deliveries. It answers not_found.
func (s *Service) Delete(ctx context.Context, id string) error {
	h, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	event := audit.New(ctx, account.NewOrderedID(s.Now()), s.now(), audit.HookDeleted, host(h.URL), h.ID)
	return s.Store.DeleteHook(ctx, id, audit.Note{Event: event})
}

// Deliveries gives the last deliveries of a hook, newest first. It answers not_found.
func (s *Service) Deliveries(ctx context.Context, hookID string, limit int) ([]Delivery, error) {
	if _, err := s.find(ctx, hookID); err != nil {
		return nil, err
	}
	return s.Store.Deliveries(ctx, hookID, limit)
}

// Replay sends a delivery again, whether or not it arrived, under its webhook-id: whoever has had
// it can tell. It answers not_found.
func (s *Service) Replay(ctx context.Context, deliveryID string) error {
	d, err := s.Store.Delivery(ctx, deliveryID)
	if err != nil {
		return err
	}
	return s.Queue.Enqueue(ctx, outbox.New(account.NewID(), outbox.Call, call{
		DeliveryID: d.ID, HookID: d.HookID, Event: d.Event, Body: d.Body, CreatedAt: d.CreatedAt, Before: d.Attempts,
	}, s.now()))
}

// The log of deliveries is kept for so long, and purged a batch at a time, so that nobody waits.
const (
	logLife    = 30 * 24 * time.Hour
	purgeBatch = 500
)

// Purge deletes old deliveries, and gives their number.
func (s *Service) Purge(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.Store.PurgeDeliveries(ctx, s.now().Add(-logLife), purgeBatch)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}

// find gives a hook, of which there are few.
func (s *Service) find(ctx context.Context, id string) (Hook, error) {
	all, err := s.Store.Hooks(ctx)
	if err != nil {
		return Hook{}, err
	}
	i := slices.IndexFunc(all, func(h Hook) bool { return h.ID == id })
	if i < 0 {
		return Hook{}, account.ErrNotFound
	}
	return all[i], nil
}
