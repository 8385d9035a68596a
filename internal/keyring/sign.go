package keyring

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// payload is the claims as RFC 9068 §2.2 names them. There is no nbf: some clients allow their
// clock no difference at all.
type payload struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  any      `json:"aud"` // one string, or an array of several (RFC 7519 §4.1.3)
	ExpiresAt int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	ClientID  string   `json:"client_id"`
	Scope     string   `json:"scope,omitempty"`
	SessionID string   `json:"sid,omitempty"`
	Roles     []string `json:"roles,omitempty"`
}

// Sign gives the compact form of a JWT. An empty issuer or audience is ours. It refuses what Verify
// would: a token longer than its limit, or one that lacks a claim.
func (r *Ring) Sign(c oauth.Claims) (string, error) {
	k := r.keys.Load().signer(r.now())
	if k == nil {
		return "", errors.New("keyring: no key signs now")
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
		return "", fmt.Errorf("keyring: the token would have %d bytes, more than %d", len(token), maxToken)
	}
	return token, nil
}

func (r *Ring) payload(c oauth.Claims) payload {
	p := payload{
		Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience,
		ExpiresAt: c.ExpiresAt.Unix(), IssuedAt: c.IssuedAt.Unix(),
		ID: c.ID, ClientID: c.ClientID, Scope: strings.Join(c.Scopes, " "),
		SessionID: c.SessionID, Roles: c.Roles,
	}
	if p.Issuer == "" {
		p.Issuer = r.o.Issuer
	}
	switch len(c.Audience) {
	case 0:
		p.Audience = r.o.Audience
	case 1:
		p.Audience = c.Audience[0]
	}
	return p
}

// sign makes the compact form with the header alg, typ and kid and nothing else.
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
