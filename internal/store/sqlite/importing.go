package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const (
	tryUser   = createUser + ` ON CONFLICT DO NOTHING`
	roleNames = `SELECT json_group_array(name) FROM roles`
)

// ImportUsers implements account.Store.
func (s *Store) ImportUsers(ctx context.Context, users []account.User, n audit.Note) ([]error, error) {
	results := make([]error, len(users))
	err := s.write(ctx, func(tx *sql.Tx) error {
		known, err := one(ctx, tx, value[list], roleNames)
		if err != nil {
			return err
		}
		for i, u := range users {
			if results[i], err = importUser(ctx, tx, u, known); err != nil {
				return err
			}
		}
		if !slices.Contains(results, nil) { // nobody was made
			return nil
		}
		return keep(ctx, tx, n)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// importUser stores a user, or says what is wrong with him alone. It looks for the reason only where
// he was refused: most are not.
func importUser(ctx context.Context, tx *sql.Tx, u account.User, known []string) (fault, err error) {
	if slices.ContainsFunc(u.Roles, func(role string) bool { return !slices.Contains(known, role) }) {
		return refusal(ctx, tx, u, account.ErrUnknownRole)
	}
	made, err := execMany(ctx, tx, tryUser, userValues(u)...)
	if err != nil {
		return nil, err
	}
	if made == 0 {
		return refusal(ctx, tx, u, oauth.ErrExists) // the id itself
	}
	_, err = tx.ExecContext(ctx, giveRoles, u.ID, seconds(u.CreatedAt), array(u.Roles))
	return nil, err
}

// refusal is the name or the address that is taken, by whomever, or else another reason.
func refusal(ctx context.Context, tx *sql.Tx, u account.User, other error) (fault, err error) {
	err = free(ctx, tx, "", &u.UsernameKey, &u.EmailKey)
	switch {
	case err == nil:
		return other, nil
	case errors.Is(err, account.ErrUsernameTaken), errors.Is(err, account.ErrEmailTaken):
		return err, nil
	}
	return nil, err
}
