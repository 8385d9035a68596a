package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
)

// Setting is a setting of the service, as operators may see it.
type Setting struct {
	Variable    string
	Flag        string // empty: it has none
	Group       string
	Description string
	Default     string
	Value       string // empty for a secret
	Source      string // default, environment, file or flag
	Secret      bool
}

// ListSettings handles GET /api/settings.
func (s *Server) ListSettings(context.Context, api.ListSettingsRequestObject) (api.ListSettingsResponseObject, error) {
	list := api.SettingList{Items: make([]api.Setting, len(s.Settings))}
	for i, one := range s.Settings {
		list.Items[i] = api.Setting{
			Variable: one.Variable, Flag: optional(one.Flag), Group: one.Group, Description: one.Description,
			Default: optional(one.Default), Value: optional(one.Value), Source: one.Source, Secret: one.Secret,
		}
	}
	return api.ListSettings200JSONResponse(list), nil
}
