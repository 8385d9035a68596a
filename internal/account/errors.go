package account

import (
	"errors"
	"fmt"
	"time"
)

// Code is the machine-readable kind of an Error. It is part of the contract: clients switch on it.
type Code string

// The codes that account itself uses; oauth adds those of RFC 6749.
const (
	InvalidRequest     Code = "invalid_request"
	InvalidCredentials Code = "invalid_credentials"
	InvalidUsername    Code = "invalid_username"
	InvalidEmail       Code = "invalid_email"
	WeakPassword       Code = "weak_password"
	UsernameTaken      Code = "username_taken"
	EmailTaken         Code = "email_taken"
	SignupClosed       Code = "signup_closed"
	UnknownRole        Code = "unknown_role"
	LastAdmin          Code = "last_admin"
	WrongPassword      Code = "wrong_password"
	EmailUnverified    Code = "email_unverified"
	InvalidOneTime     Code = "invalid_one_time_token"
	BuiltinRole        Code = "builtin_role"
	InvalidRole        Code = "invalid_role"
	InsufficientScope  Code = "insufficient_scope"
	NotFound           Code = "not_found"
	TooManyRequests    Code = "too_many_requests"
	Unavailable        Code = "temporarily_unavailable"
)

// Error is the one error type of the domain: a code for programs, a text that is safe to show to
// the caller, and a cause that stays in the log. Errors are values: With… and Wrap return copies.
type Error struct {
	Code       Code
	Text       string        // ASCII without quotes and backslashes, so that it fits RFC 6749 §5.2
	Pointer    string        // JSON pointer to the faulty member (RFC 6901), empty if none is
	RetryAfter time.Duration // when to try again, 0 if not said
	Scope      string        // the scope that was missing (RFC 6750 §3), empty if none was
	cause      error
}

// What the stores and the hasher answer. Compare with errors.Is: two errors with one code are the same.
var (
	ErrNotFound      = Errorf(NotFound, "there is nothing here")
	ErrUsernameTaken = Errorf(UsernameTaken, "the username is taken").At("/username")
	ErrEmailTaken    = Errorf(EmailTaken, "the e-mail address is taken").At("/email")
	ErrUnknownRole   = Errorf(UnknownRole, "there is no such role")
	ErrLastAdmin     = Errorf(LastAdmin, "this is the last active ROLE_ADMIN; give the role to somebody else first")
	ErrBuiltinRole   = Errorf(BuiltinRole, "this role is part of the service")
	// ErrUnavailable says that the database or a hashing slot could not be had in time.
	ErrUnavailable = Errorf(Unavailable, "the service is busy; try again").After(2 * time.Second)
)

// Errorf makes an Error whose text is safe to show.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Error gives the code, the safe text and the hidden cause, for the log.
func (e *Error) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Text)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Text, e.cause)
}

// Unwrap gives the hidden cause.
func (e *Error) Unwrap() error { return e.cause }

// Is says whether target has the same code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// At returns a copy that points to a member of the request.
func (e *Error) At(pointer string) *Error {
	c := *e
	c.Pointer = pointer
	return &c
}

// After returns a copy that says when to try again.
func (e *Error) After(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}

// Wrap returns a copy with cause hidden in it.
func (e *Error) Wrap(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Denied is too_many_requests with the time until the next try is allowed.
func Denied(wait time.Duration) *Error {
	return Errorf(TooManyRequests, "too many tries; wait and try again").After(wait)
}
