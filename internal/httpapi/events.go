package httpapi

import (
	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// apiEvents are audit events as the contract shows them.
func apiEvents(events []audit.Event) []api.AuditEvent {
	shown := make([]api.AuditEvent, len(events))
	for i, e := range events {
		shown[i] = api.AuditEvent{
			Id: uuid.MustParse(e.ID), At: e.At, Action: string(e.Action), Outcome: string(e.Outcome),
			Reason: optional(e.Reason), Actor: optional(e.Actor), ActorId: optional(e.ActorID), ClientId: optional(e.ClientID),
			Target: optional(e.Target), TargetId: optional(e.TargetID), Address: optional(e.Address),
			UserAgent: optional(e.UserAgent), RequestId: optional(e.RequestID),
		}
	}
	return shown
}
