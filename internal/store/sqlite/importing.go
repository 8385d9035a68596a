package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const idInUse = `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?)`

// ImportUsers implements account.Store. makeUser looks before it writes, so that whom it refuses has
// left nothing behind.
func (s *Store) ImportUsers(ctx context.Context, users []account.User, n audit.Note) ([]error, error) {
	results := make([]error, len(users))
	err := s.write(ctx, func(tx *sql.Tx) error {
		made := 0
		for i, u := range users {
			results[i] = importUser(ctx, tx, u)
			switch {
			case results[i] == nil:
				made++
			case !refused(results[i]):
				return results[i]
			}
		}
		if made == 0 {
			return nil
		}
		return keep(ctx, tx, n)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// importUser is makeUser for one whose id may be in use. With it he may be the very same: so his name
// is looked at whoever has it.
func importUser(ctx context.Context, tx *sql.Tx, u account.User) error {
	if err := free(ctx, tx, "", &u.UsernameKey, &u.EmailKey); err != nil {
		return err
	}
	if inUse, err := one(ctx, tx, value[bool], idInUse, u.ID); err != nil {
		return err
	} else if inUse {
		return oauth.ErrExists
	}
	return makeUser(ctx, tx, u)
}

// refused says whether an error is about one user alone.
func refused(err error) bool {
	for _, fault := range []error{account.ErrUsernameTaken, account.ErrEmailTaken, account.ErrUnknownRole, oauth.ErrExists} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}
