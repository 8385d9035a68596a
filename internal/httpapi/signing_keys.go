package httpapi

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/keyring"
)

// SigningKeys are the signing keys, for administration.
type SigningKeys interface {
	// List returns all keys, oldest first.
	List() []keyring.Status
	// NextRotation returns when another key starts to sign; zero if there is no key.
	NextRotation() time.Time
	// Rotate creates the next key, which signs after the lead. It returns invalid_request for a lead that
	// is too short, unless force is set.
	Rotate(ctx context.Context, lead time.Duration, force bool) (keyring.Status, error)
	// Revoke deletes a key at once. It returns not_found for an unknown kid.
	Revoke(ctx context.Context, kid string) error
}

// defaultLead is how long a new key is published before it signs.
const defaultLead = 24 * time.Hour

// ListSigningKeys handles GET /api/keys.
func (s *Server) ListSigningKeys(context.Context, api.ListSigningKeysRequestObject) (api.ListSigningKeysResponseObject, error) {
	list := api.SigningKeyList{Items: []api.SigningKey{}, NextRotation: optional(s.SigningKeys.NextRotation())}
	for _, k := range s.SigningKeys.List() {
		list.Items = append(list.Items, apiKey(k))
	}
	return api.ListSigningKeys200JSONResponse(list), nil
}

// RotateSigningKey handles POST /api/keys.
func (s *Server) RotateSigningKey(ctx context.Context, r api.RotateSigningKeyRequestObject) (api.RotateSigningKeyResponseObject, error) {
	lead := defaultLead
	if requested := duration(r.Body.LeadSeconds); requested != nil {
		lead = *requested
	}
	k, err := s.SigningKeys.Rotate(ctx, lead, value(r.Body.Force))
	if err != nil {
		return nil, err
	}
	return api.RotateSigningKey201JSONResponse(apiKey(k)), nil
}

// RevokeSigningKey handles DELETE /api/keys/{kid}.
func (s *Server) RevokeSigningKey(ctx context.Context, r api.RevokeSigningKeyRequestObject) (api.RevokeSigningKeyResponseObject, error) {
	return api.RevokeSigningKey204Response{}, s.SigningKeys.Revoke(ctx, r.Kid)
}

func apiKey(k keyring.Status) api.SigningKey {
	return api.SigningKey{
		Id: k.ID, Generation: k.Generation, Algorithm: k.Algorithm, State: string(k.State), CurrentSecret: k.Current,
		CreatedAt: k.CreatedAt, SignsFrom: k.SignsFrom, SignsUntil: optional(k.SignsUntil),
	}
}
