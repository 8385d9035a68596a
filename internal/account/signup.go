package account

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// NewUser is what it takes to become a user.
type NewUser struct {
	Username string // empty: one is generated
	Email    string
	Password string
	Name     string
	Picture  string
	Roles    []string // empty: ROLE_USER

	EmailVerified bool // only an administrator may set it
}

// SignUp creates a user with ROLE_USER for a caller at address, whatever n.Roles says. Besides the
// errors of Create it returns signup_closed when sign-up is off, and too_many_requests when the address
// has hit too many taken names.
func (s *Service) SignUp(ctx context.Context, n NewUser, address string) (User, error) {
	begun := s.clock()
	created, err := s.signUp(ctx, n, address)
	return created, s.refuse(ctx, begun, err)
}

func (s *Service) signUp(ctx context.Context, n NewUser, address string) (User, error) {
	if !s.signup {
		return User{}, fault.Errorf(SignupClosed, "sign-up is closed; ask an administrator for an account")
	}
	n.Roles = nil
	if n.Password == "" {
		return User{}, fault.Errorf(WeakPassword, "enter a password").At("/password")
	}
	u, err := s.newUser(n)
	if err != nil {
		return User{}, err
	}
	ctx, leave, err := s.passwords.Reserve(ctx) // before the sign-up is counted
	if err != nil {
		return User{}, err
	}
	defer leave()
	var created User
	err = s.countTaken(ctx, address, func() error {
		created, err = s.insert(ctx, n, u, audit.UserRegistered, Message{Kind: MessageVerify, UserID: u.ID})
		return err
	})
	return created, err
}

// countTaken runs store, which stores a username or an email address that a caller at address has
// chosen. It counts against the limit of sign-ups if that is taken, so that taken names cannot be found
// out by the thousand, and returns too_many_requests without running store once the limit is reached.
func (s *Service) countTaken(ctx context.Context, address string, store func() error) error {
	wait, err := s.limits.CountSignup(ctx, address)
	if err != nil {
		return err
	}
	if wait > 0 {
		return fault.Denied(fault.LimitSignUp, wait)
	}
	err = store()
	if errors.Is(err, ErrUsernameTaken) || errors.Is(err, ErrEmailTaken) {
		return err
	}
	if e := s.limits.RefundSignup(context.WithoutCancel(ctx), address); e != nil {
		s.log.WarnContext(ctx, "sign-up not refunded to the rate limit", "error", e)
	}
	return err
}

// Create creates a user. Without a password, the user is emailed a link to set one; it returns ErrNoMail
// if that could not be sent. It also returns invalid_username, invalid_email, invalid_request,
// weak_password, username_taken, email_taken or unknown_role. It stores nothing then.
func (d *Directory) Create(ctx context.Context, n NewUser) (User, error) {
	u, err := d.newUser(n)
	if err != nil {
		return User{}, err
	}
	u.EmailVerified = n.EmailVerified
	kind := MessageVerify // not sent if the address is confirmed by then
	if n.Password == "" {
		if d.noMail {
			return User{}, ErrNoMail.At("/password")
		}
		kind = MessageInvite
	}
	return d.insert(ctx, n, u, audit.UserCreated, Message{Kind: kind, UserID: u.ID})
}

// insert hashes the password and stores u, which newUser returned for n. If a generated username is
// taken, it tries another one.
func (d *Directory) insert(ctx context.Context, n NewUser, u User, action audit.Action, m Message) (User, error) {
	if n.Password != "" {
		hash, err := d.passwords.Hash(ctx, normalPassword(n.Password))
		if err != nil {
			return User{}, err
		}
		u.PasswordHash = hash
	}
	err := d.users.CreateUser(ctx, u, d.change(ctx, action, u, m))
	for range maxGenerated {
		if n.Username != "" || !errors.Is(err, ErrUsernameTaken) {
			break
		}
		u.Username = generatedUsername()
		u.UsernameKey = u.Username
		err = d.users.CreateUser(ctx, u, d.change(ctx, action, u, m))
	}
	if err != nil {
		return User{}, err
	}
	return d.users.UserByID(ctx, u.ID)
}

// newUser validates n, cheap checks first, and returns the user to store.
func (d *Directory) newUser(n NewUser) (User, error) {
	now := d.now()
	u := User{
		ID: uuid.NewString(), Username: n.Username, Email: n.Email, Active: true,
		Name: n.Name, Picture: n.Picture, Roles: n.Roles, CreatedAt: now, UpdatedAt: now,
	}
	if len(u.Roles) == 0 {
		u.Roles = []string{RoleUser}
	}
	if u.Username == "" {
		u.Username = generatedUsername()
	}
	var err error
	if u.UsernameKey, err = usernameKey(u.Username); err != nil {
		return User{}, err
	}
	if u.EmailKey, err = emailKey(n.Email); err != nil {
		return User{}, err
	}
	if err := checkProfile(&n.Name, &n.Picture); err != nil || n.Password == "" {
		return u, err
	}
	return u, d.checkPolicy(n.Password, u)
}

// checkProfile validates the fields that are only displayed.
func checkProfile(name, picture *string) error {
	if name != nil && (utf8.RuneCountInString(*name) > maxName || !PlainText(*name)) {
		return fault.Errorf(fault.InvalidRequest, "the name is longer than %d characters or contains control characters", maxName).At("/name")
	}
	if picture != nil && (len(*picture) > maxPicture || !PlainText(*picture)) {
		return fault.Errorf(fault.InvalidRequest, "the picture is longer than %d bytes or contains control characters", maxPicture).At("/picture")
	}
	return nil
}
