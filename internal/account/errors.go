package account

import (
	"errors"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// The error codes of accounts, beside those of package fault.
const (
	InvalidCredentials  fault.Code = "invalid_credentials"
	InvalidUsername     fault.Code = "invalid_username"
	InvalidEmail        fault.Code = "invalid_email"
	WeakPassword        fault.Code = "weak_password"
	UsernameTaken       fault.Code = "username_taken"
	EmailTaken          fault.Code = "email_taken"
	SignupClosed        fault.Code = "signup_closed"
	UnknownRole         fault.Code = "unknown_role"
	LastAdmin           fault.Code = "last_admin"
	WrongPassword       fault.Code = "wrong_password"
	EmailUnverified     fault.Code = "email_unverified"
	InvalidOneTimeToken fault.Code = "invalid_one_time_token"
	BuiltinRole         fault.Code = "builtin_role"
	InvalidRole         fault.Code = "invalid_role"
	MailNotConfigured   fault.Code = "mail_not_configured"
)

// Errors that the stores return, beside those of package fault.
var (
	ErrUsernameTaken = fault.Errorf(UsernameTaken, "this username is taken").At("/username")
	ErrEmailTaken    = fault.Errorf(EmailTaken, "this email address is taken").At("/email")
	ErrUnknownRole   = fault.Errorf(UnknownRole, "unknown role")
	ErrLastAdmin     = fault.Errorf(LastAdmin, "this is the last active ROLE_ADMIN; grant the role to another user first")
	ErrBuiltinRole   = fault.Errorf(BuiltinRole, "this role is built in")
)

// Errors of signing in.
var (
	// ErrInvalidCredentials is returned for an unknown user, a wrong password and a disabled user
	// alike, so that a caller cannot find out which accounts exist.
	ErrInvalidCredentials = fault.Errorf(InvalidCredentials, "the username or the password is wrong")
	// ErrEmailUnverified is returned only after the right password.
	ErrEmailUnverified = fault.Errorf(EmailUnverified, "confirm your email address first: follow the link we sent")
)

// ErrNoMail is returned when a user would be left without a password and without a link to set one.
var ErrNoMail = fault.Errorf(MailNotConfigured,
	"the email with the link cannot be sent: set LATCHKEY_SMTP_HOST, or set a password for the user instead")

// ErrRecordExists reports that the user of an imported record already exists, with the same username
// and email address. A record without a username exists if a user has its id or its email address. An
// interrupted import can therefore be run again as it is.
var ErrRecordExists = errors.New("this user already exists")

var (
	errWrongPassword   = fault.Errorf(WrongPassword, "the current password is wrong").At("/current_password")
	errPasswordMissing = fault.Errorf(WrongPassword, "enter the current password").At("/current_password")
	errOneTimeToken    = fault.Errorf(InvalidOneTimeToken, "this token is unknown, expired or already used").At("/token")
)
