package keyring

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// memoryStore is a Store in memory.
type memoryStore struct {
	mu    sync.Mutex
	rows  []SigningKey
	adds  int // calls of AddSigningKey
	reads int // calls of SigningKeys
}

func (m *memoryStore) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	rows := slices.Clone(m.rows)
	slices.SortFunc(rows, func(a, b SigningKey) int { return int(a.Generation - b.Generation) })
	return rows, ctx.Err()
}

func (m *memoryStore) AddSigningKey(ctx context.Context, k SigningKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.adds++
	for _, row := range m.rows {
		if row.ID == k.ID || row.Generation == k.Generation {
			return fault.ErrAlreadyExists
		}
	}
	m.rows = append(m.rows, k)
	return ctx.Err()
}

func (m *memoryStore) ReplaceSealed(ctx context.Context, id string, from, to []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, row := range m.rows {
		if row.ID == id && bytes.Equal(row.Sealed, from) {
			m.rows[i].Sealed = to
			return ctx.Err()
		}
	}
	return fault.ErrNotFound
}

func (m *memoryStore) DeleteSigningKey(ctx context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, row := range m.rows {
		if row.ID == id {
			m.rows = slices.Delete(m.rows, i, i+1)
			return ctx.Err()
		}
	}
	return fault.ErrNotFound
}

// readCount returns the number of calls of SigningKeys.
func (m *memoryStore) readCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads
}

// edit changes the rows as an attacker with access to the database could.
func (m *memoryStore) edit(change func(rows []SigningKey)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m.rows)
}

// What all tests share: the time at which they start, the issuer and two master secrets.
var (
	epoch   = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	secretA = []byte(strings.Repeat("a", minSecret))
	secretB = []byte(strings.Repeat("b", minSecret))
)

const (
	issuer   = "https://id.example"
	audience = "https://api.example"
)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: epoch} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) { c.set(c.Now().Add(d)) }

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// options returns o with the empty fields set to what all tests share.
func options(o Options) Options {
	if o.Secrets == nil {
		o.Secrets = [][]byte{secretA}
	}
	if o.Now == nil {
		o.Now = newClock().Now
	}
	if o.Issuer == "" {
		o.Issuer = issuer
	}
	if o.Audience == "" {
		o.Audience = audience
	}
	return o
}

// open opens a ring and fails the test if that fails.
func open(t *testing.T, store Store, o Options) *Ring {
	t.Helper()
	r, err := Open(t.Context(), store, options(o))
	require.NoError(t, err)
	return r
}

// mint signs a token issued at the current time of the ring.
func mint(t *testing.T, r *Ring) string {
	t.Helper()
	token, err := r.Sign(claimsAt(r.now()))
	require.NoError(t, err)
	return token
}

// claimsAt returns the claims of a token issued at that time.
func claimsAt(now time.Time) Claims {
	return Claims{
		Issuer: issuer, Subject: "7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11", Audience: []string{audience},
		IssuedAt: now, ExpiresAt: now.Add(15 * time.Minute),
		ID: "5d4f3c2b", ClientID: "web", SessionID: "c0ffee", Scopes: []string{"profile", "users:read"},
		Roles: []string{"ROLE_MODERATOR", "ROLE_USER"},
	}
}

// attach attaches a ring and fails the test if that fails.
func attach(t *testing.T, store Store, o Options) *Ring {
	t.Helper()
	r, err := Attach(t.Context(), store, options(o))
	require.NoError(t, err)
	return r
}

// states returns the states of all keys, lowest generation first.
func states(r *Ring) []State {
	var all []State
	for _, s := range r.List() {
		all = append(all, s.State)
	}
	return all
}
