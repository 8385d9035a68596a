package main

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// adoptPlan is a database in which an import finds the users that are stored, and its own, but stores
// nothing. It works before Latchkey's tables exist.
type adoptPlan struct {
	database

	migrated            bool // Latchkey's tables exist
	byUsername, byEmail map[string]account.User
}

func newAdoptPlan(db database, migrated bool) *adoptPlan {
	return &adoptPlan{database: db, migrated: migrated, byUsername: map[string]account.User{}, byEmail: map[string]account.User{}}
}

// UserByUsername implements account.UserStore.
func (p *adoptPlan) UserByUsername(ctx context.Context, key string) (account.User, error) {
	return p.find(ctx, p.byUsername, key, p.database.UserByUsername)
}

// UserByEmail implements account.UserStore.
func (p *adoptPlan) UserByEmail(ctx context.Context, key string) (account.User, error) {
	return p.find(ctx, p.byEmail, key, p.database.UserByEmail)
}

// UserByID implements account.UserStore.
func (p *adoptPlan) UserByID(ctx context.Context, id string) (account.User, error) {
	return p.find(ctx, nil, id, p.database.UserByID)
}

func (p *adoptPlan) find(ctx context.Context, planned map[string]account.User, key string,
	stored func(context.Context, string) (account.User, error),
) (account.User, error) {
	if u, ok := planned[key]; ok {
		return u, nil
	}
	if !p.migrated {
		return account.User{}, fault.ErrNotFound
	}
	return stored(ctx, key)
}

// ImportUsers implements account.UserStore. The roles of the users are created before them.
func (p *adoptPlan) ImportUsers(ctx context.Context, users []account.User, _ audit.Change) ([]error, error) {
	results := make([]error, len(users))
	for i, u := range users {
		_, byUsername := p.UserByUsername(ctx, u.UsernameKey)
		_, byEmail := p.UserByEmail(ctx, u.EmailKey)
		switch {
		case byUsername == nil:
			results[i] = account.ErrUsernameTaken
		case byEmail == nil:
			results[i] = account.ErrEmailTaken
		case errors.Is(byUsername, fault.ErrNotFound) && errors.Is(byEmail, fault.ErrNotFound):
			kept := account.User{ID: u.ID, UsernameKey: u.UsernameKey, EmailKey: u.EmailKey}
			p.byUsername[u.UsernameKey], p.byEmail[u.EmailKey] = kept, kept
		default:
			return nil, errors.Join(byUsername, byEmail)
		}
	}
	return results, nil
}
