package store

import "github.com/latchkey-auth/latchkey/internal/audit"

// EventNames returns the names of events; nil stays nil.
func EventNames(events *[]audit.Action) *[]string {
	if events == nil {
		return nil
	}
	names := make([]string, len(*events))
	for i, event := range *events {
		names[i] = string(event)
	}
	return &names
}
