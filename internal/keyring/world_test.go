package keyring

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// memory is a KeyStore with the promises of the interface and nothing else.
type memory struct {
	mu    sync.Mutex
	rows  []oauth.SigningKey
	added int // how often AddSigningKey was asked
	read  int // how often SigningKeys was
}

func (m *memory) SigningKeys(ctx context.Context) ([]oauth.SigningKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read++
	rows := slices.Clone(m.rows)
	slices.SortFunc(rows, func(a, b oauth.SigningKey) int { return int(a.Generation - b.Generation) })
	return rows, ctx.Err()
}

func (m *memory) AddSigningKey(ctx context.Context, k oauth.SigningKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.added++
	for _, row := range m.rows {
		if row.ID == k.ID || row.Generation == k.Generation {
			return oauth.ErrExists
		}
	}
	m.rows = append(m.rows, k)
	return ctx.Err()
}

func (m *memory) ReplaceSealed(ctx context.Context, id string, from, to []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, row := range m.rows {
		if row.ID == id && bytes.Equal(row.Sealed, from) {
			m.rows[i].Sealed = to
			return ctx.Err()
		}
	}
	return account.ErrNotFound
}

func (m *memory) DeleteSigningKey(ctx context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, row := range m.rows {
		if row.ID == id {
			m.rows = slices.Delete(m.rows, i, i+1)
			return ctx.Err()
		}
	}
	return account.ErrNotFound
}

// reads gives how often the keys were read.
func (m *memory) reads() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read
}

// edit changes the rows as somebody with access to the database could.
func (m *memory) edit(change func(rows []oauth.SigningKey)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m.rows)
}

// The world of the tests: its time, its issuer and two master secrets.
var (
	epoch   = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	secretA = []byte(strings.Repeat("a", minSecret))
	secretB = []byte(strings.Repeat("b", minSecret))
)

const (
	issuer   = "https://id.example"
	audience = "https://api.example"
)

// clock is a time that tests move.
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

// options of a ring in this world; empty members of o are filled in.
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

func open(t *testing.T, store oauth.KeyStore, o Options) *Ring {
	t.Helper()
	r, err := Open(t.Context(), store, options(o))
	require.NoError(t, err)
	return r
}

// mint signs a token that is issued at the ring's own time.
func mint(t *testing.T, r *Ring) string {
	t.Helper()
	token, err := r.Sign(claimsAt(r.now()))
	require.NoError(t, err)
	return token
}

func claimsAt(now time.Time) oauth.Claims {
	return oauth.Claims{
		Issuer: issuer, Subject: "7f1c9a52-8f0e-4b0e-9a55-2f6d0f6a3b11", Audience: []string{audience},
		IssuedAt: now, ExpiresAt: now.Add(15 * time.Minute),
		ID: "5d4f3c2b", ClientID: "web", SessionID: "c0ffee", Scopes: []string{"profile", "users:read"},
		Roles: []string{"ROLE_MODERATOR", "ROLE_USER"},
	}
}

// b64url is base64url without padding (RFC 7515 §2).
var b64url = base64.RawURLEncoding

// forge makes a compact JWS by hand; seal signs its first two segments.
func forge(header, body string, seal func(input []byte) []byte) string {
	input := b64url.EncodeToString([]byte(header)) + "." + b64url.EncodeToString([]byte(body))
	return input + "." + b64url.EncodeToString(seal([]byte(input)))
}

// es256 signs as RFC 7518 §3.4 says, without the library under test.
func es256(t testing.TB, private any) func([]byte) []byte {
	t.Helper()
	key, ok := private.(*ecdsa.PrivateKey)
	require.True(t, ok)
	return func(input []byte) []byte {
		digest := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		require.NoError(t, err)
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out
	}
}
