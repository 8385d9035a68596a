package storetest

import (
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// UserQueries are what must be found by an index, however many users there are.
func UserQueries() map[string]account.Query {
	place := account.Position{CreatedAt: noon.Add(time.Hour), ID: newUUID()}
	return map[string]account.Query{
		"all":                 {After: place},
		"username":            {UsernameKey: "user000500"},
		"e-mail":              {EmailKey: "user000500@x.example"},
		"e-mail with a role":  {EmailKey: "user000500@x.example", Role: account.RoleUser},
		"role":                {After: place, Role: account.RoleUser},
		"rare role":           {Role: account.RoleAdmin},
		"not active":          {Active: new(false), Now: noon},
		"not verified":        {Verified: new(false)},
		"everything":          {After: place, Role: account.RoleUser, Active: new(true), Verified: new(true), Now: noon},
		"prefix":              {Prefix: "user"},
		"prefix, a page on":   {Prefix: "user", After: account.Position{Key: "user005000", ID: newUUID()}},
		"prefix, not active":  {Prefix: "user", Active: new(false), Now: noon},
		"prefix without end":  {Prefix: "\U0010FFFF"},
		"prefix of an e-mail": {Prefix: "user000500@"},
	}
}

// EventQueries are the same of events.
func EventQueries() map[string]audit.Query {
	place := audit.Position{At: noon.Add(time.Hour), ID: newUUID()}
	return map[string]audit.Query{
		"all":         {Before: place},
		"user":        {UserID: "user-5"},
		"user's page": {UserID: "user-5", Before: place, Outcome: audit.Failure},
		"rare action": {Action: audit.UserDeleted},
	}
}
