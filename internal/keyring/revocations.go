package keyring

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jws"
)

// TypeRevocations is the typ header of a list of ended sessions. It is not that of an access token, and
// the list has neither sub nor aud, so that nobody takes one for the other (RFC 8725 §3.11).
const TypeRevocations = "revocations+jwt"

// Revocations are a part of the list of ended sessions. Times are UTC in whole seconds.
type Revocations struct {
	Issuer    string
	IssuedAt  time.Time
	ExpiresAt time.Time
	AsOf      time.Time
	After     string
	Cursor    string
	More      bool
	Ended     map[string]time.Time // session id to when its last access token has expired
}

// SignRevocations returns a list in the compact form of a JWT. Verify rejects it.
func (r *Ring) SignRevocations(list Revocations) (string, error) {
	k := r.keys.Load().signer(r.now())
	if k == nil {
		return "", errors.New("keyring: no key signs at this time")
	}
	ended := make(map[string]int64, len(list.Ended))
	for id, expires := range list.Ended {
		ended[id] = expires.Unix()
	}
	body, err := json.Marshal(struct {
		Issuer    string           `json:"iss"`
		IssuedAt  int64            `json:"iat"`
		ExpiresAt int64            `json:"exp"`
		AsOf      int64            `json:"as_of"`
		After     string           `json:"after"`
		Cursor    string           `json:"cursor"`
		More      bool             `json:"more"`
		Ended     map[string]int64 `json:"ended"`
	}{list.Issuer, list.IssuedAt.Unix(), list.ExpiresAt.Unix(), list.AsOf.Unix(), list.After, list.Cursor, list.More, ended})
	if err != nil {
		return "", fmt.Errorf("keyring: sign: %w", err)
	}
	token, err := compact(body, k.signature(), k.private, map[string]string{jws.TypeKey: TypeRevocations, jws.KeyIDKey: k.row.ID})
	if err != nil {
		return "", fmt.Errorf("keyring: sign: %w", err)
	}
	return token, nil
}
