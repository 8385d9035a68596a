package main

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type userSignOut struct {
	targetUser `embed:""`
}

func (*userSignOut) Help() string {
	return "The user can sign in again. Use `latchkey user disable` to prevent that.\n\n" +
		examples("latchkey user sign-out alice")
}

// Run ends all sessions of the user.
func (c *userSignOut) Run(ctx context.Context, std stdio) error {
	return withDatabase(ctx, c.Database, func(ctx context.Context, db database) error {
		u, err := findUserIn(ctx, db, c.MinPassword, std, c.User)
		if err != nil {
			return err
		}
		sessions, err := openSessions(db)
		if err != nil {
			return err
		}
		return sessions.EndSessions(ctx, u.ID, "", oauth.EndedByAdmin)
	})
}
