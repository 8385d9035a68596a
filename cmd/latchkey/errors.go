package main

import (
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// settingsError is an error in a flag, an argument or an environment variable. It sets the exit code.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

// readable replaces a domain error by its text, without the code and the hidden cause. The error of
// an unavailable database keeps its cause, which the operator needs to fix it.
func readable(err error) error {
	var domain *fault.Error
	if !errors.As(err, &domain) || domain.Code == fault.Unavailable {
		return err
	}
	if domain.Code == account.UnknownRole {
		return fmt.Errorf("%s; see `latchkey role list`", domain.Text)
	}
	return errors.New(domain.Text)
}

// withHint adds to a domain error about a field what the command line has for it. Other errors, and nil, are
// returned as they are.
func withHint(err error, field, hint string) error {
	var domain *fault.Error
	if errors.As(err, &domain) && domain.Pointer == field {
		return errors.New(domain.Text + hint)
	}
	return err
}

// explainNotFound replaces fault.ErrNotFound by an error that names what was not found and the
// command that lists what exists. Other errors, and nil, are returned as they are.
func explainNotFound(err error, kind, id, listCommand string) error {
	if errors.Is(err, fault.ErrNotFound) {
		return notFoundError(kind, id, listCommand)
	}
	return err
}

func notFoundError(kind, id, listCommand string) error {
	return fmt.Errorf("%s %q not found; see `latchkey %s`", kind, id, listCommand)
}
