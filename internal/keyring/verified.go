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

// generationSize bounds verifiedTokens: two generations take about 6 MB with tokens of usual size.
const generationSize = 4096

// verifiedTokens remembers tokens whose signatures have been verified, between 4096 and 8192 of the latest
// used ones. Only valid tokens enter, so forged ones cannot drive them out.
type verifiedTokens struct {
	mu            sync.Mutex
	recent, older map[tokenHash]verifiedToken
}

// find returns a token that was verified before. A token of the older generation moves to the recent one.
func (t *verifiedTokens) find(id tokenHash) (verifiedToken, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v, ok := t.recent[id]; ok {
		return v, true
	}
	v, ok := t.older[id]
	if ok {
		t.insert(id, v)
	}
	return v, ok
}

func (t *verifiedTokens) add(id tokenHash, v verifiedToken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.insert(id, v)
}

// insert adds a token to the recent generation. A full one becomes the older one, which is forgotten.
func (t *verifiedTokens) insert(id tokenHash, v verifiedToken) {
	if t.recent == nil || len(t.recent) >= generationSize {
		t.older, t.recent = t.recent, map[tokenHash]verifiedToken{}
	}
	t.recent[id] = v
}
