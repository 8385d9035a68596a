package main

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

type userDisable struct {
	targetUser `embed:""`

	Until time.Time `placeholder:"TIME" help:"When the user can sign in again, for example 2030-03-01T00:00:00Z. Default: never."`
}

func (*userDisable) Help() string {
	return examples("latchkey user disable alice", "latchkey user disable alice --until 2030-03-01T00:00:00Z")
}

// Run disables the user and ends their sessions.
func (c *userDisable) Run(ctx context.Context, std stdio) error {
	patch := account.AdminPatch{Active: new(bool)}
	if !c.Until.IsZero() {
		patch.DisabledUntil = &c.Until
	}
	return c.update(ctx, std, patch)
}

type userEnable struct {
	targetUser `embed:""`
}

func (*userEnable) Help() string { return examples("latchkey user enable alice") }

// Run enables the user.
func (c *userEnable) Run(ctx context.Context, std stdio) error {
	active := true
	return c.update(ctx, std, account.AdminPatch{Active: &active})
}
