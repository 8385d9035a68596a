package keyring

import (
	"crypto/sha256"
	"slices"
	"sync"
)

// tokenHash is the SHA-256 of a whole token, so that a token with another signature, header or payload is
// another token.
type tokenHash = [sha256.Size]byte

// verifiedToken is what a valid signature proves forever: the key with this kid has signed these claims. The
// kid is the thumbprint of the public key, so it can never stand for another key.
type verifiedToken struct {
	kid       string
	claims    Claims
	notBefore int64 // nbf in Unix seconds, or 0
}

// copy returns the claims in memory of their own, so that no caller can change those of another.
func (v verifiedToken) copy() Claims {
	c := v.claims
	c.Audience, c.Scopes, c.Roles = slices.Clone(c.Audience), slices.Clone(c.Scopes), slices.Clone(c.Roles)
	return c
}

// How many of the tokens that were used last are remembered at least; at most there are twice as many. Full, the claims
// of usual tokens take about 6 MB, and the signatures 10 MB.
const (
	rememberedTokens     = 4096
	rememberedSignatures = 65536
)

// tokenMemory remembers something of the tokens that were used last. Only tokens with a valid signature enter, so
// forged ones cannot drive them out.
type tokenMemory[V any] struct {
	size          int // of a generation
	mu            sync.Mutex
	recent, older map[tokenHash]V
}

// find returns what was added for a token. A token of the older generation moves to the recent one.
func (m *tokenMemory[V]) find(id tokenHash) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.recent[id]; ok {
		return v, true
	}
	v, ok := m.older[id]
	if ok {
		m.insert(id, v)
	}
	return v, ok
}

func (m *tokenMemory[V]) add(id tokenHash, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.insert(id, v)
}

// insert adds a token to the recent generation. A full one becomes the older one, which is forgotten.
func (m *tokenMemory[V]) insert(id tokenHash, v V) {
	if m.recent == nil || len(m.recent) >= m.size {
		m.older, m.recent = m.recent, map[tokenHash]V{}
	}
	m.recent[id] = v
}
