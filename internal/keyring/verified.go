package keyring

import (
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/latchkey-auth/latchkey/internal/recent"
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
	mu     sync.Mutex
	tokens recent.Map[tokenHash, V]
}

// find returns what was added for a token.
func (m *tokenMemory[V]) find(id tokenHash) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tokens.Get(id)
}

func (m *tokenMemory[V]) add(id tokenHash, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens.Put(id, v)
}
