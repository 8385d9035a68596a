package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code is the machine-readable kind of an Error. It is part of the contract: clients switch on it.
type Code string

// The codes that several rooms use.
const (
	InvalidRequest    Code = "invalid_request"
	InsufficientScope Code = "insufficient_scope"
	NotFound          Code = "not_found"
	AlreadyExists     Code = "already_exists"
	TooManyRequests   Code = "too_many_requests"
	Unavailable       Code = "temporarily_unavailable"
)

// Errors that stores and other implementations of the domain's interfaces return. Compare with
// errors.Is: two errors with the same code are equal.
var (
	ErrNotFound      = Errorf(NotFound, "not found")
	ErrAlreadyExists = Errorf(AlreadyExists, "already exists")
	// ErrUnavailable means that the database, a hashing slot or a process for hashes was not available.
	ErrUnavailable = Errorf(Unavailable, "the service is busy; try again").After(2 * time.Second)
)

// ErrNoHashSlot is the hidden cause of an ErrUnavailable that the queue of password hashes returns.
// Logs and metrics tell it from an unreachable database by it.
var ErrNoHashSlot = errors.New("no hashing slot was free in time")

// ErrHashProcess is the hidden cause of an ErrUnavailable when the processes for password hashes fail.
var ErrHashProcess = errors.New("a process for password hashes has failed")

// Error is the error type of the domain: a code for programs, a text that is safe to show to the
// caller, and a cause that only the log shows. Errors are values: its methods return copies.
type Error struct {
	Code       Code
	Text       string        // ASCII without quotes and backslashes (RFC 6749 §5.2)
	Pointer    string        // JSON pointer to the invalid member (RFC 6901); empty if there is none
	RetryAfter time.Duration // how long to wait before retrying; 0 if unknown
	Limit      string        // the rate limit that is used up, as RateLimit-Policy names it; empty if there is none
	Scope      string        // the missing scope (RFC 6750 §3); empty if there is none
	cause      error
}

// Errorf returns an Error whose text is safe to show.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// The names of the rate limits, for callers. A limit has one name whether it counts for the user, the network
// or the browser: the response must not tell which of them is known.
const (
	LimitSignIn       = "sign-in"
	LimitClientSecret = "client-secret"
	LimitEmail        = "email"
	LimitSignUp       = "sign-up"
)

// Denied returns a too_many_requests error of a rate limit, with the time until the next attempt is allowed.
func Denied(limit string, wait time.Duration) *Error {
	err := Errorf(TooManyRequests, "too many attempts; wait and try again").After(wait)
	err.Limit = limit
	return err
}

// Error returns the code, the safe text and the hidden cause, for the log.
func (e *Error) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Text)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Text, e.cause)
}

// Unwrap returns the hidden cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target has the same code.
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

// After returns a copy that says how long to wait before retrying.
func (e *Error) After(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}

// Wrap returns a copy that hides cause.
func (e *Error) Wrap(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}
