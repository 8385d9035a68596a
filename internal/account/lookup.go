package account

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// find returns the user who signs in as login, and the key that attempts are counted under: the id,
// so that username and email address share one count and a new username does not reset it. An unknown
// user is the zero User and no error.
func (d *Directory) find(ctx context.Context, login string) (User, string, error) {
	key, email, possible := loginKey(login)
	if !possible {
		return User{}, key, nil
	}
	byKey := d.users.UserByUsername
	if email {
		byKey = d.users.UserByEmail
	}
	u, err := byKey(ctx, key)
	if errors.Is(err, fault.ErrNotFound) {
		return User{}, key, nil
	}
	if err != nil {
		return User{}, "", err
	}
	return u, u.ID, nil
}

// ByLogin returns a user by username or email address, or fault.ErrNotFound.
func (d *Directory) ByLogin(ctx context.Context, login string) (User, error) {
	u, _, err := d.find(ctx, login)
	if err == nil && u.ID == "" {
		err = fault.ErrNotFound
	}
	return u, err
}

// ByID returns a user, or fault.ErrNotFound.
func (d *Directory) ByID(ctx context.Context, id string) (User, error) {
	return d.users.UserByID(ctx, id)
}

// List returns the users that q selects and where the next page begins; nil on the last page. The
// names and addresses of q may be in any form.
func (d *Directory) List(ctx context.Context, q Query) ([]User, *Position, error) {
	q.Now = d.now()
	limit := q.Limit
	q.Limit++ // one more tells whether there is a next page
	q, err := q.canonical()
	if err != nil {
		return nil, nil, nil //nolint:nilerr // no user can have such a name
	}
	users, keys, err := d.users.ListUsers(ctx, q)
	if err != nil || len(users) <= limit {
		return users, nil, err
	}
	last := users[limit-1]
	next := &Position{CreatedAt: last.CreatedAt, ID: last.ID}
	if q.Prefix != "" {
		next = &Position{Key: keys[limit-1], ID: last.ID}
	}
	return users[:limit], next, nil
}
