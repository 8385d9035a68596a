package store

import (
	"errors"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// First returns the first row of a result, or fault.ErrNotFound if there is none.
func First[T any](rows []T, err error) (T, error) {
	if err == nil && len(rows) == 0 {
		err = fault.ErrNotFound
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return rows[0], nil
}

// RoleError turns fault.ErrNotFound into account.ErrUnknownRole, for a statement that looks for a role.
func RoleError(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return account.ErrUnknownRole.Wrap(err)
	}
	return err
}
