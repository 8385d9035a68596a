package main

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type userList struct {
	config.Database `embed:"" group:"Database"`
	listFormat      `embed:""`

	Prefix   string `arg:"" optional:"" help:"Only users whose username or email address starts with this."`
	Role     string `placeholder:"ROLE" help:"Only users with this role."`
	Disabled bool   `help:"Only disabled users."`
}

func (*userList) Help() string {
	return "With a prefix, users are sorted by what matched it.\n\n" +
		examples("latchkey user list", "latchkey user list ali --role ROLE_ADMIN --json")
}

var userView = listView[account.User]{
	header: []any{"USERNAME", "EMAIL", "VERIFIED", "ROLES", "ACTIVE", "CREATED", "ID"},
	cells: func(u account.User) []any {
		roles := strings.Join(u.Roles, " ")
		return []any{u.Username, u.Email, u.EmailVerified, roles, u.ActiveAt(time.Now()), timestamp(u.CreatedAt), u.ID}
	},
	object: func(u account.User) map[string]any {
		active := u.ActiveAt(time.Now())
		object := map[string]any{
			"id": u.ID, "username": u.Username, "email": u.Email, "email_verified": u.EmailVerified,
			"active": active, "name": u.Name, "picture": u.Picture, "roles": u.Roles,
			"created_at": u.CreatedAt, "updated_at": u.UpdatedAt,
		}
		if !active && !u.DisabledUntil.IsZero() {
			object["disabled_until"] = u.DisabledUntil
		}
		return object
	},
}

// Run lists the matching users.
func (c *userList) Run(ctx context.Context, std stdio) error {
	query := account.Query{Prefix: c.Prefix, Role: c.Role}
	if c.Disabled {
		query.Active = new(bool)
	}
	return withAccounts(ctx, c.Database, std, func(ctx context.Context, accounts *account.Directory) error {
		if c.Role != "" { // a misspelt role would look like one that nobody has
			if _, err := accounts.Role(ctx, c.Role); err != nil {
				return err
			}
		}
		return userView.print(std.out, c.listFormat, users(ctx, accounts, query))
	})
}

// users returns all users that match the query. Users who are created meanwhile come last; no user
// is returned twice or left out.
func users(ctx context.Context, accounts *account.Directory, query account.Query) iter.Seq2[account.User, error] {
	query.Limit = pageSize
	return pages(func() ([]account.User, bool, error) {
		page, next, err := accounts.List(ctx, query)
		if next != nil {
			query.After = *next
		}
		return page, next != nil, err
	})
}
