package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

const pageSize = 50

// UserQueries returns the queries for users that must use an index, however many users there are.
func UserQueries() map[string]account.Query {
	after := account.Position{CreatedAt: noon.Add(time.Hour), ID: uuid.NewString()}
	return map[string]account.Query{
		"all":                   {Limit: pageSize, After: after},
		"username":              {Limit: pageSize, UsernameKey: "user000500"},
		"email":                 {Limit: pageSize, EmailKey: "user000500@x.example"},
		"email and role":        {Limit: pageSize, EmailKey: "user000500@x.example", Role: account.RoleUser},
		"role":                  {Limit: pageSize, After: after, Role: account.RoleUser},
		"rare role":             {Limit: pageSize, Role: account.RoleAdmin},
		"not active":            {Limit: pageSize, Active: new(false), Now: noon},
		"not verified":          {Limit: pageSize, Verified: new(false)},
		"all filters":           {Limit: pageSize, After: after, Role: account.RoleUser, Active: new(true), Verified: new(true), Now: noon},
		"prefix":                {Limit: pageSize, Prefix: "user"},
		"prefix, next page":     {Limit: pageSize, Prefix: "user", After: account.Position{Key: "user005000", ID: uuid.NewString()}},
		"prefix, not active":    {Limit: pageSize, Prefix: "user", Active: new(false), Now: noon},
		"prefix without an end": {Limit: pageSize, Prefix: "\U0010FFFF"},
		"prefix of an email":    {Limit: pageSize, Prefix: "user000500@"},
	}
}

// EventQueries returns the queries for events that must use an index.
func EventQueries() map[string]audit.Query {
	before := audit.Position{At: noon.Add(time.Hour), ID: uuid.NewString()}
	return map[string]audit.Query{
		"all":                 {Limit: pageSize, Before: before},
		"of a user":           {Limit: pageSize, UserID: "user-5"},
		"of a user, filtered": {Limit: pageSize, UserID: "user-5", Before: before, Outcome: audit.Failure},
		"rare action":         {Limit: pageSize, Action: audit.UserDeleted},
	}
}
