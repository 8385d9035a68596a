package keyring

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lestrrat-go/jwx/v2/jws"
)

// Sign returns a token in the compact form of a JWT. An empty issuer or audience is replaced by that
// of the ring. It returns an error rather than a token that Verify would reject: one that is too
// long, or that lacks a claim.
func (r *Ring) Sign(c Claims) (string, error) {
	k := r.keys.Load().signer(r.now())
	if k == nil {
		return "", errors.New("keyring: no key signs at this time")
	}
	if c.Subject == "" || c.ID == "" || c.ClientID == "" {
		return "", errors.New("keyring: a token needs sub, jti and client_id")
	}
	body, err := json.Marshal(r.payload(c))
	if err != nil {
		return "", fmt.Errorf("keyring: sign: %w", err)
	}
	token, err := sign(k, r.o.Type, body)
	if err != nil {
		return "", fmt.Errorf("keyring: sign: %w", err)
	}
	if len(token) > maxToken {
		return "", fmt.Errorf("keyring: the token has %d bytes, more than the limit of %d", len(token), maxToken)
	}
	return token, nil
}

// sign returns the compact form of a JWS whose header has only alg, typ and kid.
func sign(k *key, typ string, body []byte) (string, error) {
	header := jws.NewHeaders()
	if err := header.Set(jws.TypeKey, typ); err != nil {
		return "", err
	}
	if err := header.Set(jws.KeyIDKey, k.row.ID); err != nil {
		return "", err
	}
	token, err := jws.Sign(body, jws.WithKey(k.signature(), k.private, jws.WithProtectedHeaders(header)))
	return string(token), err
}
