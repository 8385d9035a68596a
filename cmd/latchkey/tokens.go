package main

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// accessTokens signs and verifies oauth's access tokens with the keyring.
type accessTokens struct{ ring *keyring.Ring }

var (
	_ oauth.Keys  = accessTokens{}
	_ oauth.Vault = (*keyring.Vault)(nil)
)

// Sign implements oauth.Keys.
func (t accessTokens) Sign(c oauth.Claims) (string, error) { return t.ring.Sign(keyring.Claims(c)) }

// SignShared implements oauth.Keys.
func (t accessTokens) SignShared(c oauth.Claims, key []byte) (string, error) {
	return t.ring.SignShared(keyring.Claims(c), key)
}

// SignRevocations implements oauth.Keys.
func (t accessTokens) SignRevocations(list oauth.Revocations) (string, error) {
	return t.ring.SignRevocations(keyring.Revocations(list))
}

// Verify implements oauth.Keys. The keyring's invalid-token error has the code of oauth.ErrInvalidToken.
func (t accessTokens) Verify(token string) (oauth.Claims, error) {
	c, err := t.ring.Verify(token)
	return oauth.Claims(c), err
}

// tokenReader implements oauth.TokenReader with the stored keys, or without any.
type tokenReader struct{ keys keyring.KeyReader }

var _ oauth.TokenReader = tokenReader{}

// Decode implements oauth.TokenReader.
func (tokenReader) Decode(token string) (oauth.DecodedToken, error) {
	d, err := keyring.Decode(token)
	if err != nil {
		return oauth.DecodedToken{}, err
	}
	decoded := oauth.DecodedToken{
		Algorithm: d.Algorithm, Type: d.Type, KeyID: d.KeyID, Claims: oauth.Claims(d.Claims), Payload: d.Payload, Err: d.Err,
	}
	if d.NotBefore != 0 {
		decoded.NotBefore = time.Unix(d.NotBefore, 0).UTC()
	}
	return decoded, nil
}

// Signature implements oauth.TokenReader.
func (r tokenReader) Signature(ctx context.Context, token string) (string, error) {
	if r.keys == nil {
		return "", nil
	}
	state, err := keyring.CheckSignature(ctx, r.keys, token)
	return string(state), err
}
