package sqlite

import (
	"context"
	"errors"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

const (
	importUser    = createUser + ` ON CONFLICT DO NOTHING`
	listRoleNames = `SELECT json_group_array(name) FROM roles`
)

// ImportUsers implements account.UserStore.
func (s *Store) ImportUsers(ctx context.Context, users []account.User, change audit.Change) ([]error, error) {
	results := make([]error, len(users))
	err := s.inTx(ctx, func(tx *writeTx) error {
		roles, err := queryOne(ctx, tx, scanValue[jsonList], listRoleNames)
		if err != nil {
			return err
		}
		for i, u := range users {
			if results[i], err = importOne(ctx, tx, u, roles); err != nil {
				return err
			}
		}
		if !slices.Contains(results, nil) { // no user was created
			return nil
		}
		return recordChange(ctx, tx, change)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// importOne stores a user, or returns as conflict why this user cannot be stored. It only looks for the
// reason after the insert, because most inserts succeed.
func importOne(ctx context.Context, tx *writeTx, u account.User, roles []string) (conflict, err error) {
	if slices.ContainsFunc(u.Roles, func(role string) bool { return !slices.Contains(roles, role) }) {
		return importConflict(ctx, tx, u, account.ErrUnknownRole)
	}
	created, err := execTx(ctx, tx, importUser, userArgs(u)...)
	if err != nil {
		return nil, err
	}
	if created == 0 {
		return importConflict(ctx, tx, u, fault.ErrAlreadyExists) // the id
	}
	_, err = tx.ExecContext(ctx, grantRoles, u.ID, storedTime(u.CreatedAt), storedList(u.Roles))
	return nil, err
}

// importConflict returns as conflict that the username or the email is taken, or else another reason.
func importConflict(ctx context.Context, tx *writeTx, u account.User, other error) (conflict, err error) {
	err = requireFree(ctx, tx, "", &u.UsernameKey, &u.EmailKey)
	switch {
	case err == nil:
		return other, nil
	case errors.Is(err, account.ErrUsernameTaken), errors.Is(err, account.ErrEmailTaken):
		return err, nil
	}
	return nil, err
}
