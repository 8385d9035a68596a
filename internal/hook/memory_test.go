package hook

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// memoryStore implements Store in memory.
type memoryStore struct {
	mu         sync.Mutex
	hooks      []Hook
	deliveries map[string]Delivery
	changes    []audit.Change
}

var _ Store = (*memoryStore)(nil)

func (m *memoryStore) CreateHook(_ context.Context, h Hook, n audit.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks, m.changes = append(m.hooks, h), append(m.changes, n)
	return nil
}

func (m *memoryStore) Hooks(ctx context.Context) ([]Hook, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.hooks), ctx.Err()
}

func (m *memoryStore) exists(id string) bool {
	return slices.ContainsFunc(m.hooks, func(h Hook) bool { return h.ID == id })
}

func (m *memoryStore) UpdateHook(_ context.Context, id string, p Patch, n audit.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.hooks, func(h Hook) bool { return h.ID == id })
	if i < 0 {
		return fault.ErrNotFound
	}
	if p.Events != nil {
		m.hooks[i].Events = *p.Events
	}
	if p.Active != nil {
		m.hooks[i].Active = *p.Active
	}
	m.changes = append(m.changes, n)
	return nil
}

func (m *memoryStore) FailingHooks(_ context.Context, since time.Time) ([]Failing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Failing
	for _, h := range m.hooks {
		f := Failing{HookID: h.ID, URL: h.URL}
		for _, d := range m.deliveries {
			if d.HookID == h.ID && d.Status != Delivered && !d.TriedAt.Before(since) && h.Active {
				f.Deliveries++
				if f.Oldest.IsZero() || d.CreatedAt.Before(f.Oldest) {
					f.Oldest = d.CreatedAt
				}
			}
		}
		if f.Deliveries > 0 {
			all = append(all, f)
		}
	}
	return all, nil
}

func (m *memoryStore) DeleteHook(_ context.Context, id string, n audit.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.exists(id) {
		return fault.ErrNotFound
	}
	m.hooks = slices.DeleteFunc(m.hooks, func(h Hook) bool { return h.ID == id })
	m.changes = append(m.changes, n)
	return nil
}

func (m *memoryStore) RecordDelivery(ctx context.Context, d Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.exists(d.HookID) {
		return fault.ErrNotFound
	}
	m.deliveries[d.ID] = d
	return ctx.Err()
}

func (m *memoryStore) Deliveries(_ context.Context, hookID string, limit int) ([]Delivery, error) {
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

func (m *memoryStore) Delivery(_ context.Context, id string) (Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.deliveries[id]
	if !ok {
		return d, fault.ErrNotFound
	}
	return d, nil
}

func (m *memoryStore) PurgeDeliveries(_ context.Context, before time.Time, limit int) (int, error) {
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
