package httpapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
)

// ListHooks handles GET /api/hooks.
func (s *Server) ListHooks(ctx context.Context, _ api.ListHooksRequestObject) (api.ListHooksResponseObject, error) {
	hooks, err := s.Hooks.List(ctx)
	list := api.HookList{Items: make([]api.Hook, len(hooks))}
	for i, h := range hooks {
		list.Items[i] = apiHook(h)
	}
	return api.ListHooks200JSONResponse(list), err
}

// CreateHook handles POST /api/hooks.
func (s *Server) CreateHook(ctx context.Context, r api.CreateHookRequestObject) (api.CreateHookResponseObject, error) {
	h, secret, err := s.Hooks.Create(ctx, r.Body.Url, value(actions(r.Body.Events)))
	if err != nil {
		return nil, err
	}
	return api.CreateHook201JSONResponse{Hook: apiHook(h), Secret: secret}, nil
}

// GetHook handles GET /api/hooks/{id}.
func (s *Server) GetHook(ctx context.Context, r api.GetHookRequestObject) (api.GetHookResponseObject, error) {
	h, err := s.Hooks.Get(ctx, r.Id.String())
	if err != nil {
		return nil, err
	}
	return api.GetHook200JSONResponse(apiHook(h)), nil
}

// UpdateHook handles PATCH /api/hooks/{id}.
func (s *Server) UpdateHook(ctx context.Context, r api.UpdateHookRequestObject) (api.UpdateHookResponseObject, error) {
	h, err := s.Hooks.Update(ctx, r.Id.String(), hook.Patch{Events: actions(r.Body.Events), Active: r.Body.Active})
	if err != nil {
		return nil, err
	}
	return api.UpdateHook200JSONResponse(apiHook(h)), nil
}

// DeleteHook handles DELETE /api/hooks/{id}.
func (s *Server) DeleteHook(ctx context.Context, r api.DeleteHookRequestObject) (api.DeleteHookResponseObject, error) {
	return api.DeleteHook204Response{}, s.Hooks.Delete(ctx, r.Id.String())
}

// ListDeliveries handles GET /api/hooks/{id}/deliveries.
func (s *Server) ListDeliveries(ctx context.Context, r api.ListDeliveriesRequestObject) (api.ListDeliveriesResponseObject, error) {
	deliveries, err := s.Hooks.Deliveries(ctx, r.Id.String(), pageSize(r.Params.Limit))
	if err != nil {
		return nil, err
	}
	list := api.DeliveryList{Items: make([]api.Delivery, len(deliveries))}
	for i, d := range deliveries {
		list.Items[i] = api.Delivery{
			Id: uuid.MustParse(d.ID), Event: string(d.Event), Status: string(d.Status), Attempts: d.Attempts,
			Response: optional(d.Response), Error: optional(d.Error), Body: string(d.Body), CreatedAt: d.CreatedAt, TriedAt: d.TriedAt,
		}
	}
	return api.ListDeliveries200JSONResponse(list), nil
}

// ReplayDelivery handles POST /api/hooks/{id}/deliveries/{delivery}/replay.
func (s *Server) ReplayDelivery(ctx context.Context, r api.ReplayDeliveryRequestObject) (api.ReplayDeliveryResponseObject, error) {
	return api.ReplayDelivery202JSONResponse{}, s.Hooks.ReplayOf(ctx, r.Id.String(), r.Delivery.String())
}

// TestHook handles POST /api/hooks/{id}/test.
func (s *Server) TestHook(ctx context.Context, r api.TestHookRequestObject) (api.TestHookResponseObject, error) {
	id, err := s.Hooks.Test(ctx, r.Id.String())
	if err != nil {
		return nil, err
	}
	return api.TestHook202JSONResponse{DeliveryId: uuid.MustParse(id)}, nil
}

func apiHook(h hook.Hook) api.Hook {
	events := make([]string, len(h.Events))
	for i, event := range h.Events {
		events[i] = string(event)
	}
	return api.Hook{Id: uuid.MustParse(h.ID), Url: h.URL, Events: events, Active: h.Active, CreatedAt: h.CreatedAt}
}

// actions returns events as the domain has them; nil stays nil.
func actions(names *[]string) *[]audit.Action {
	if names == nil {
		return nil
	}
	events := make([]audit.Action, len(*names))
	for i, name := range *names {
		events[i] = audit.Action(name)
	}
	return &events
}
