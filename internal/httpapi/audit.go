package httpapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// ListAuditEvents handles GET /api/audit.
func (s *Server) ListAuditEvents(ctx context.Context, r api.ListAuditEventsRequestObject) (api.ListAuditEventsResponseObject, error) {
	q := audit.Query{
		Action: audit.Action(value(r.Params.Action)), Outcome: audit.Outcome(value(r.Params.Outcome)), Limit: pageSize(r.Params.Limit),
	}
	if r.Params.User != nil {
		q.UserID = r.Params.User.String()
	}
	if err := readCursor(r.Params.Cursor, &q.Before); err != nil {
		return nil, err
	}
	events, next, err := s.Audit.Page(ctx, q)
	if err != nil {
		return nil, err
	}
	return api.ListAuditEvents200JSONResponse{Items: apiEvents(events), NextCursor: writeCursor(next)}, nil
}

// apiEvents returns audit events as the contract describes them.
func apiEvents(events []audit.Event) []api.AuditEvent {
	list := make([]api.AuditEvent, len(events))
	for i, e := range events {
		list[i] = api.AuditEvent{
			Id: uuid.MustParse(e.ID), At: e.At, Action: string(e.Action), Outcome: string(e.Outcome),
			Reason: optional(e.Reason), Actor: optional(e.Actor), ActorId: optional(e.ActorID), ClientId: optional(e.ClientID),
			Target: optional(e.Target), TargetId: optional(e.TargetID), Address: optional(e.Address),
			UserAgent: optional(e.UserAgent), RequestId: optional(e.RequestID),
		}
	}
	return list
}
