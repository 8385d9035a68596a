package hook

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// Queue adds jobs to the outbox, for replays.
type Queue interface {
	Enqueue(ctx context.Context, j outbox.Job) error
}

// Options are the dependencies and settings of a Service.
type Options struct {
	Store Store
	Queue Queue
	// Derive returns a 32-byte key for a label, derived from each master secret, newest first.
	Derive    func(label string) [][]byte
	Transport http.RoundTripper // nil is http.DefaultTransport
	Timeout   time.Duration     // of one request; 0 is 10 s
	Now       func() time.Time
}

// Service administers webhooks and sends events to them.
type Service struct {
	Options
	client *http.Client
}

// New returns a service.
func New(o Options) *Service {
	return &Service{Options: o, client: &http.Client{
		Transport: o.Transport,
		Timeout:   cmp.Or(o.Timeout, requestTimeout),
		// A receiver could redirect requests to any address, including one inside our own network.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Second) }

// Create creates a webhook and returns it with its secret. It returns invalid_request for a URL or
// an event that is not supported.
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

// host returns the part of a webhook URL that the audit log shows. The query is left out because it
// may contain a key.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// Secret returns the secret of a webhook under the newest master secret, or account.ErrNotFound.
func (s *Service) Secret(ctx context.Context, id string) (string, error) {
	h, err := s.find(ctx, id)
	if err != nil {
		return "", err
	}
	return s.secret(h.ID), nil
}

// List returns all webhooks, oldest first.
func (s *Service) List(ctx context.Context) ([]Hook, error) { return s.Store.Hooks(ctx) }

// Delete deletes a webhook and its deliveries. It returns account.ErrNotFound if there is no such
// webhook.
func (s *Service) Delete(ctx context.Context, id string) error {
	h, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	event := audit.New(ctx, account.NewOrderedID(s.Now()), s.now(), audit.HookDeleted, host(h.URL), h.ID)
	return s.Store.DeleteHook(ctx, id, audit.Note{Event: event})
}

// Deliveries returns the last deliveries to a webhook, newest first, or account.ErrNotFound.
func (s *Service) Deliveries(ctx context.Context, hookID string, limit int) ([]Delivery, error) {
	if _, err := s.find(ctx, hookID); err != nil {
		return nil, err
	}
	return s.Store.Deliveries(ctx, hookID, limit)
}

// Replay sends a delivery again, even if it was delivered. The webhook-id stays the same, so that
// receivers can detect the duplicate. It returns account.ErrNotFound for an unknown delivery.
func (s *Service) Replay(ctx context.Context, deliveryID string) error {
	d, err := s.Store.Delivery(ctx, deliveryID)
	if err != nil {
		return err
	}
	return s.Queue.Enqueue(ctx, outbox.New(account.NewID(), outbox.Call, payload{
		DeliveryID: d.ID, HookID: d.HookID, Event: d.Event, Body: d.Body, CreatedAt: d.CreatedAt, Before: d.Attempts,
	}, s.now()))
}

const (
	deliveryRetention = 30 * 24 * time.Hour // after the last attempt
	purgeBatch        = 500                 // rows per statement, so that each one is short
)

// Purge deletes old deliveries and returns their number.
func (s *Service) Purge(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.Store.PurgeDeliveries(ctx, s.now().Add(-deliveryRetention), purgeBatch)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}

// find returns a webhook, or account.ErrNotFound. It reads all of them, because there are few.
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
