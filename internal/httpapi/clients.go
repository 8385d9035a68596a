package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// defaultOverlap is how long the old client secret stays valid after a rotation.
const defaultOverlap = 24 * time.Hour

// ListClients handles GET /api/clients.
func (s *Server) ListClients(ctx context.Context, r api.ListClientsRequestObject) (api.ListClientsResponseObject, error) {
	var after string
	if err := readCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	clients, next, err := s.OAuth.ListClients(ctx, after, pageSize(r.Params.Limit))
	if err != nil {
		return nil, err
	}
	page := api.ClientList{Items: []api.RegisteredClient{}, NextCursor: writeCursor(optional(next))}
	for _, c := range clients {
		page.Items = append(page.Items, apiClient(c))
	}
	return api.ListClients200JSONResponse(page), nil
}

// CreateClient handles POST /api/clients.
func (s *Server) CreateClient(ctx context.Context, r api.CreateClientRequestObject) (api.CreateClientResponseObject, error) {
	claims, err := claimsText(r.Body.Claims)
	if err != nil {
		return nil, err
	}
	client, secrets, err := s.OAuth.CreateClient(ctx, principal(ctx).Authority(), oauth.Client{
		ID: r.Body.Id, Name: r.Body.Name, Public: value(r.Body.Public), FirstParty: value(r.Body.FirstParty),
		Grants: r.Body.Grants, Scopes: value(r.Body.Scopes), Audiences: value(r.Body.Audiences),
		AccessTTL:   value(duration(r.Body.AccessTtlSeconds)),
		SessionIdle: value(duration(r.Body.SessionIdleSeconds)),
		SessionMax:  value(duration(r.Body.SessionMaxSeconds)),

		TokenAlgorithm: value(r.Body.AccessTokenAlgorithm), Claims: value(claims),
	})
	return api.CreateClient201JSONResponse{
		Client: apiClient(client), ClientSecret: optional(secrets.Secret), TokenKey: optional(secrets.TokenKey),
	}, err
}

// GetClient handles GET /api/clients/{id}.
func (s *Server) GetClient(ctx context.Context, r api.GetClientRequestObject) (api.GetClientResponseObject, error) {
	client, err := s.OAuth.Client(ctx, r.Id)
	return api.GetClient200JSONResponse(apiClient(client)), err
}

// UpdateClient handles PATCH /api/clients/{id}.
func (s *Server) UpdateClient(ctx context.Context, r api.UpdateClientRequestObject) (api.UpdateClientResponseObject, error) {
	claims, err := claimsText(r.Body.Claims)
	if err != nil {
		return nil, err
	}
	client, err := s.OAuth.UpdateClient(ctx, principal(ctx).Authority(), r.Id, oauth.ClientPatch{
		Name: r.Body.Name, FirstParty: r.Body.FirstParty, Grants: r.Body.Grants, Scopes: r.Body.Scopes,
		Audiences: r.Body.Audiences, AccessTTL: duration(r.Body.AccessTtlSeconds),
		SessionIdle: duration(r.Body.SessionIdleSeconds), SessionMax: duration(r.Body.SessionMaxSeconds),
		Active: r.Body.Active, TokenAlgorithm: r.Body.AccessTokenAlgorithm, Claims: claims,
	})
	return api.UpdateClient200JSONResponse(apiClient(client)), err
}

// DeleteClient handles DELETE /api/clients/{id}.
func (s *Server) DeleteClient(ctx context.Context, r api.DeleteClientRequestObject) (api.DeleteClientResponseObject, error) {
	return api.DeleteClient204Response{}, s.OAuth.DeleteClient(ctx, principal(ctx).Authority(), r.Id)
}

// RotateClientSecret handles POST /api/clients/{id}/secrets.
func (s *Server) RotateClientSecret(ctx context.Context, r api.RotateClientSecretRequestObject) (api.RotateClientSecretResponseObject, error) {
	overlap := defaultOverlap
	if requested := duration(r.Body.OverlapSeconds); requested != nil {
		overlap = *requested
	}
	client, secret, err := s.OAuth.RotateSecret(ctx, principal(ctx).Authority(), r.Id, overlap)
	return api.RotateClientSecret201JSONResponse{Client: apiClient(client), ClientSecret: optional(secret)}, err
}

// RotateClientTokenKey handles POST /api/clients/{id}/token-keys.
func (s *Server) RotateClientTokenKey(ctx context.Context, r api.RotateClientTokenKeyRequestObject) (api.RotateClientTokenKeyResponseObject, error) {
	client, key, err := s.OAuth.RotateTokenKey(ctx, principal(ctx).Authority(), r.Id, value(duration(r.Body.DelaySeconds)))
	return api.RotateClientTokenKey201JSONResponse{Client: apiClient(client), TokenKey: key}, err
}

// claimsText returns extra claims as the JSON text that the domain checks.
func claimsText(claims *map[string]any) (*string, error) {
	if claims == nil {
		return nil, nil
	}
	text, err := json.Marshal(*claims)
	return new(string(text)), err
}

// claimsObject returns the extra claims of a client, which have been checked, or nil for none.
func claimsObject(text string) *map[string]any {
	var claims map[string]any
	if json.Unmarshal([]byte(text), &claims) != nil {
		return nil
	}
	return &claims
}

// apiClient returns a client as the contract describes it, without its keys and the hashes of its secrets.
func apiClient(c oauth.Client) api.RegisteredClient {
	client := api.RegisteredClient{
		Id: c.ID, Name: c.Name, Public: c.Public, FirstParty: c.FirstParty, Active: c.Active, CreatedAt: c.CreatedAt,
		Grants: nonNil(c.Grants), Scopes: nonNil(c.Scopes), Audiences: nonNil(c.Audiences), Secrets: []api.ClientSecret{},
		AccessTtlSeconds:   optional(seconds(c.AccessTTL)),
		SessionIdleSeconds: optional(seconds(c.SessionIdle)),
		SessionMaxSeconds:  optional(seconds(c.SessionMax)),

		AccessTokenAlgorithm: optional(c.TokenAlgorithm), Claims: claimsObject(c.Claims), NextTokenKeyAt: optional(c.TokenKeys.NextFrom),
	}
	for _, secret := range c.Secrets {
		dates := api.ClientSecret{CreatedAt: secret.CreatedAt}
		if !secret.ExpiresAt.IsZero() {
			dates.ExpiresAt = &secret.ExpiresAt
		}
		client.Secrets = append(client.Secrets, dates)
	}
	return client
}
