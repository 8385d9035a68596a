package httpapi

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const defaultOverlap = 24 * time.Hour // how long an old client secret works on

// ListClients answers GET /api/clients.
func (s *Server) ListClients(ctx context.Context, r api.ListClientsRequestObject) (api.ListClientsResponseObject, error) {
	var after string
	if err := readCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	limit := pageSize(r.Params.Limit)
	clients, err := s.OAuth.ListClients(ctx, after, limit+1)
	if err != nil {
		return nil, err
	}
	page := api.ClientList{Items: []api.RegisteredClient{}}
	for i, c := range clients {
		if i == limit { // there is one more
			page.NextCursor = writeCursor(clients[i-1].ID)
			break
		}
		page.Items = append(page.Items, apiClient(c))
	}
	return api.ListClients200JSONResponse(page), nil
}

// CreateClient answers POST /api/clients.
func (s *Server) CreateClient(ctx context.Context, r api.CreateClientRequestObject) (api.CreateClientResponseObject, error) {
	client, secret, err := s.OAuth.CreateClient(ctx, principal(ctx).Authority(), oauth.Client{
		ID: r.Body.Id, Name: r.Body.Name, Public: value(r.Body.Public), FirstParty: value(r.Body.FirstParty),
		Grants: r.Body.Grants, Scopes: value(r.Body.Scopes), Audiences: value(r.Body.Audiences),
		AccessTTL:   value(duration(r.Body.AccessTtlSeconds)),
		SessionIdle: value(duration(r.Body.SessionIdleSeconds)),
		SessionMax:  value(duration(r.Body.SessionMaxSeconds)),
	})
	return api.CreateClient201JSONResponse{Client: apiClient(client), ClientSecret: optional(secret)}, err
}

// GetClient answers GET /api/clients/{id}.
func (s *Server) GetClient(ctx context.Context, r api.GetClientRequestObject) (api.GetClientResponseObject, error) {
	client, err := s.OAuth.Client(ctx, r.Id)
	return api.GetClient200JSONResponse(apiClient(client)), err
}

// UpdateClient answers PATCH /api/clients/{id}.
func (s *Server) UpdateClient(ctx context.Context, r api.UpdateClientRequestObject) (api.UpdateClientResponseObject, error) {
	client, err := s.OAuth.UpdateClient(ctx, principal(ctx).Authority(), r.Id, oauth.ClientPatch{
		Name: r.Body.Name, FirstParty: r.Body.FirstParty, Grants: r.Body.Grants, Scopes: r.Body.Scopes,
		Audiences: r.Body.Audiences, AccessTTL: duration(r.Body.AccessTtlSeconds),
		SessionIdle: duration(r.Body.SessionIdleSeconds), SessionMax: duration(r.Body.SessionMaxSeconds),
		Active: r.Body.Active,
	})
	return api.UpdateClient200JSONResponse(apiClient(client)), err
}

// DeleteClient answers DELETE /api/clients/{id}.
func (s *Server) DeleteClient(ctx context.Context, r api.DeleteClientRequestObject) (api.DeleteClientResponseObject, error) {
	return api.DeleteClient204Response{}, s.OAuth.DeleteClient(ctx, r.Id)
}

// RotateClientSecret answers POST /api/clients/{id}/secrets.
func (s *Server) RotateClientSecret(ctx context.Context, r api.RotateClientSecretRequestObject) (api.RotateClientSecretResponseObject, error) {
	overlap := defaultOverlap
	if asked := duration(r.Body.OverlapSeconds); asked != nil {
		overlap = *asked
	}
	client, secret, err := s.OAuth.RotateSecret(ctx, principal(ctx).Authority(), r.Id, overlap)
	return api.RotateClientSecret201JSONResponse{Client: apiClient(client), ClientSecret: optional(secret)}, err
}

func apiClient(c oauth.Client) api.RegisteredClient {
	shown := api.RegisteredClient{
		Id: c.ID, Name: c.Name, Public: c.Public, FirstParty: c.FirstParty, Active: c.Active, CreatedAt: c.CreatedAt,
		Grants: list(c.Grants), Scopes: list(c.Scopes), Audiences: list(c.Audiences), Secrets: []api.ClientSecret{},
		AccessTtlSeconds:   optional(seconds(c.AccessTTL)),
		SessionIdleSeconds: optional(seconds(c.SessionIdle)),
		SessionMaxSeconds:  optional(seconds(c.SessionMax)),
	}
	for _, secret := range c.Secrets {
		kept := api.ClientSecret{CreatedAt: secret.CreatedAt}
		if !secret.ExpiresAt.IsZero() {
			kept.ExpiresAt = &secret.ExpiresAt
		}
		shown.Secrets = append(shown.Secrets, kept)
	}
	return shown
}

// duration turns seconds that may be left out into a time that may be.
func duration(seconds *int) *time.Duration {
	if seconds == nil {
		return nil
	}
	d := time.Duration(*seconds) * time.Second
	return &d
}
