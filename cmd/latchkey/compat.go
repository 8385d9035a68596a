package main

import (
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/httpapi/compat/codevoweb"
	"github.com/latchkey-auth/latchkey/internal/httpapi/compat/fastapiusers"
	"github.com/latchkey-auth/latchkey/internal/httpapi/compat/pycharm"
)

// profiles are the compatibility profiles by their names in LATCHKEY_COMPAT.
var profiles = map[string]func() httpapi.Profile{
	"codevoweb":     codevoweb.Profile,
	"fastapi-users": fastapiusers.Profile,
	"pycharm":       pycharm.Profile,
}

// activeProfiles returns the profiles with these names, which config has checked.
func activeProfiles(names []string) ([]httpapi.Profile, error) {
	var on []httpapi.Profile
	for _, name := range names {
		profile, found := profiles[name]
		if !found {
			return nil, fmt.Errorf("there is no profile %s", name)
		}
		on = append(on, profile())
	}
	return on, nil
}
