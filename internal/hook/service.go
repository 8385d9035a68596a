package hook

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
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
	Derive   func(label string) [][]byte
	Networks []netip.Prefix // internal networks that webhooks may call, besides public addresses
	Timeout  time.Duration  // of one request; 0 is 10 s
	Now      func() time.Time
	// Lookup returns the addresses of a host name; nil asks the resolver of the system.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Service administers webhooks and sends events to them.
type Service struct {
	Options
	reach  reach
	client *http.Client
}

// New returns a service.
func New(o Options) *Service {
	r := reach{lookup: o.Lookup, networks: o.Networks}
	if r.lookup == nil {
		r.lookup = lookupIP
	}
	return &Service{Options: o, reach: r, client: &http.Client{
		Transport: r.transport(),
		Timeout:   cmp.Or(o.Timeout, requestTimeout),
		// A receiver could redirect requests to any address, including one inside our own network.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Second) }

// Create creates a webhook and returns it with its secret. It returns invalid_request for a URL or
// an event that is not supported, and for a URL that points into an internal network.
func (s *Service) Create(ctx context.Context, address string, events []audit.Action) (Hook, string, error) {
	if err := checkURL(address); err != nil {
		return Hook{}, "", err
	}
	if err := checkEvents(events); err != nil {
		return Hook{}, "", err
	}
	if err := s.reach.check(ctx, hostname(address)); err != nil {
		return Hook{}, "", err
	}
	events = slices.Compact(slices.Sorted(slices.Values(events)))
	h := Hook{ID: uuid.NewString(), URL: address, Events: events, Active: true, CreatedAt: s.now()}
	event := audit.New(ctx, s.Now(), audit.HookCreated, host(h.URL), h.ID)
	if err := s.Store.CreateHook(ctx, h, audit.Change{Event: event}); err != nil {
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

// hostname returns the host of a webhook URL, without the port.
func hostname(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Update changes a webhook and returns it. It returns invalid_request for an event that is not
// supported, and fault.ErrNotFound.
func (s *Service) Update(ctx context.Context, id string, p Patch) (Hook, error) {
	if p.Events != nil {
		if err := checkEvents(*p.Events); err != nil {
			return Hook{}, err
		}
		events := slices.Compact(slices.Sorted(slices.Values(*p.Events)))
		p.Events = &events
	}
	h, err := s.Get(ctx, id)
	if err != nil {
		return Hook{}, err
	}
	event := audit.New(ctx, s.Now(), audit.HookUpdated, host(h.URL), h.ID)
	if err := s.Store.UpdateHook(ctx, id, p, audit.Change{Event: event}); err != nil {
		return Hook{}, err
	}
	return s.Get(ctx, id)
}

// Test queues an event for a webhook that says nothing, and returns the ID of its delivery. It returns
// fault.ErrNotFound, or hook_inactive.
func (s *Service) Test(ctx context.Context, id string) (deliveryID string, err error) {
	if err := s.requireActive(ctx, id); err != nil {
		return "", err
	}
	now := s.now()
	body, err := json.Marshal(account.WebhookEvent{Type: Test, Timestamp: now})
	if err != nil {
		return "", err
	}
	deliveryID = uuid.NewString()
	return deliveryID, s.Queue.Enqueue(ctx, outbox.New(uuid.NewString(), outbox.WebhookCall, payload{
		DeliveryID: deliveryID, HookID: id, Event: Test, Body: body, CreatedAt: now,
	}, now))
}

// Failing returns the active webhooks that fail: those with an event that was not delivered at its last
// attempt, within a day.
func (s *Service) Failing(ctx context.Context) ([]Failing, error) {
	return s.Store.FailingHooks(ctx, s.now().Add(-24*time.Hour))
}

// Secret returns the secret of a webhook under the newest master secret, or fault.ErrNotFound.
func (s *Service) Secret(ctx context.Context, id string) (string, error) {
	h, err := s.Get(ctx, id)
	if err != nil {
		return "", err
	}
	return s.secret(h.ID), nil
}

// List returns all webhooks, oldest first.
func (s *Service) List(ctx context.Context) ([]Hook, error) { return s.Store.Hooks(ctx) }

// Delete deletes a webhook and its deliveries. It returns fault.ErrNotFound if there is no such
// webhook.
func (s *Service) Delete(ctx context.Context, id string) error {
	h, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	event := audit.New(ctx, s.Now(), audit.HookDeleted, host(h.URL), h.ID)
	return s.Store.DeleteHook(ctx, id, audit.Change{Event: event})
}

// Deliveries returns the last deliveries to a webhook, newest first, or fault.ErrNotFound.
func (s *Service) Deliveries(ctx context.Context, hookID string, limit int) ([]Delivery, error) {
	if _, err := s.Get(ctx, hookID); err != nil {
		return nil, err
	}
	return s.Store.Deliveries(ctx, hookID, limit)
}

// Replay sends a delivery again, even if it was delivered. The webhook-id stays the same, so that
// receivers can detect the duplicate. It returns fault.ErrNotFound for an unknown delivery.
func (s *Service) Replay(ctx context.Context, deliveryID string) error {
	d, err := s.Store.Delivery(ctx, deliveryID)
	if err != nil {
		return err
	}
	return s.replay(ctx, d)
}

// ReplayOf is Replay for a delivery to a webhook. Besides it returns fault.ErrNotFound for a delivery to
// another webhook, and hook_inactive.
func (s *Service) ReplayOf(ctx context.Context, hookID, deliveryID string) error {
	if err := s.requireActive(ctx, hookID); err != nil {
		return err
	}
	d, err := s.Store.Delivery(ctx, deliveryID)
	if err == nil && d.HookID != hookID {
		err = fault.ErrNotFound
	}
	if err != nil {
		return err
	}
	return s.replay(ctx, d)
}

func (s *Service) replay(ctx context.Context, d Delivery) error {
	return s.Queue.Enqueue(ctx, outbox.New(uuid.NewString(), outbox.WebhookCall, payload{
		DeliveryID: d.ID, HookID: d.HookID, Event: d.Event, Body: d.Body, CreatedAt: d.CreatedAt, Before: d.Attempts,
	}, s.now()))
}

// deliveryRetention is how long deliveries are stored after their last attempt.
const deliveryRetention = 30 * 24 * time.Hour

// PurgeDeliveries deletes at most limit old deliveries and returns their number.
func (s *Service) PurgeDeliveries(ctx context.Context, limit int) (int, error) {
	return s.Store.PurgeDeliveries(ctx, s.now().Add(-deliveryRetention), limit)
}

func (s *Service) requireActive(ctx context.Context, id string) error {
	h, err := s.Get(ctx, id)
	if err == nil && !h.Active {
		err = errInactive
	}
	return err
}

// Get returns a webhook, or fault.ErrNotFound. It reads all of them, because there are few.
func (s *Service) Get(ctx context.Context, id string) (Hook, error) {
	all, err := s.Store.Hooks(ctx)
	if err != nil {
		return Hook{}, err
	}
	i := slices.IndexFunc(all, func(h Hook) bool { return h.ID == id })
	if i < 0 {
		return Hook{}, fault.ErrNotFound
	}
	return all[i], nil
}
