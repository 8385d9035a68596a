package keyring

import (
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/latchkey-auth/latchkey/internal/bounded"
)

// tokenHash is the beginning of the SHA-256 of a whole token, so that a token with another signature, header or payload
// is another token. To match one of 2^15 remembered tokens, a forger needs about 2^113 attempts.
type tokenHash [16]byte

func hashToken(token string) tokenHash {
	sum := sha256.Sum256([]byte(token))
	return tokenHash(sum[:])
}

// verifiedToken is what a valid signature proves forever: the key with this kid has signed these claims. The
// kid is the thumbprint of the public key, so it can never stand for another key.
type verifiedToken struct {
	kid       string
	claims    Claims
	notBefore int64 // nbf in Unix seconds, or 0
}

// copy returns the claims in memory of their own, so that no caller can change those of another.
func (v *verifiedToken) copy() Claims {
	c := v.claims
	c.Audience, c.Scopes, c.Roles = slices.Clone(c.Audience), slices.Clone(c.Scopes), slices.Clone(c.Roles)
	return c
}

// verifiedHeader is what a header says that a valid token had.
type verifiedHeader struct{ kid, typ string }

// How many are remembered. A signature takes 20 bytes, the claims of a token many times more.
const (
	rememberedTokens     = 8192
	rememberedSignatures = 32768
	rememberedHeaders    = 32
)

// memory remembers something of tokens. Only what belongs to a valid signature enters, so
// forged tokens cannot drive out others.
type memory[K comparable, V any] struct {
	mu      sync.Mutex
	entries *bounded.Map[K, V]
}

func newMemory[K comparable, V any](size int) *memory[K, V] {
	return &memory[K, V]{entries: bounded.New[K, V](size)}
}

// find returns what was added for a key.
func (m *memory[K, V]) find(key K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries.Get(key)
}

func (m *memory[K, V]) add(key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries.Put(key, v)
}
