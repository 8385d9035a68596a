package account

import (
	"context"
	"errors"
	"log/slog"
	"time"
	"unicode/utf8"
)

// ErrInvalidCredentials is the one answer for an unknown user, a wrong password and a user who may
// not sign in: nobody learns from it which accounts exist.
var ErrInvalidCredentials = Errorf(InvalidCredentials, "the username or the password is wrong")

// Service is the rules of accounts over a Store.
type Service struct {
	store       Store
	passwords   Passwords
	minPassword int
	signup      bool
	limits      Limiter
	now         func() time.Time
	log         *slog.Logger
}

// Limiter counts sign-ups, so that nobody finds out by the thousand which names are taken.
type Limiter interface {
	// BeginSignup counts a sign-up of an address. wait is 0 when it is allowed, else how long until
	// the next one is.
	BeginSignup(ctx context.Context, address string) (wait time.Duration, err error)
	// EndSignup gives back what BeginSignup counted.
	EndSignup(ctx context.Context, address string) error
}

// Options are what a Service needs.
type Options struct {
	Store       Store
	Passwords   Passwords
	MinPassword int  // shortest password in characters
	Signup      bool // whether anyone may sign up
	Limits      Limiter
	Now         func() time.Time
	Log         *slog.Logger
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{
		store: o.Store, passwords: o.Passwords, minPassword: o.MinPassword,
		signup: o.Signup, limits: o.Limits, now: o.Now, log: o.Log,
	}
}

// NewUser is what is asked of somebody who becomes a user.
type NewUser struct {
	Username string
	Email    string
	Password string
	Name     string
	Picture  string
	Roles    []string // empty: ROLE_USER
}

// SignUp creates a user with ROLE_USER for a caller at address, whatever n says of roles. Beside
// the codes of Create it answers signup_closed when the configuration does not allow it, and
// too_many_requests when the address has met too many taken names.
func (s *Service) SignUp(ctx context.Context, n NewUser, address string) (User, error) {
	if !s.signup {
		return User{}, Errorf(SignupClosed, "sign-up is closed; ask an administrator for an account")
	}
	n.Roles = nil
	u, err := s.newUser(n)
	if err != nil {
		return User{}, err
	}
	wait, err := s.limits.BeginSignup(ctx, address)
	if err != nil {
		return User{}, err
	}
	if wait > 0 {
		return User{}, Denied(wait)
	}
	created, err := s.insert(ctx, u, n.Password)
	if errors.Is(err, ErrUsernameTaken) || errors.Is(err, ErrEmailTaken) {
		return User{}, err
	}
	if e := s.limits.EndSignup(context.WithoutCancel(ctx), address); e != nil {
		s.log.WarnContext(ctx, "sign-up not given back to the limit", "error", e)
	}
	return created, err
}

// Create creates a user. It answers invalid_username, invalid_email, invalid_request,
// weak_password, username_taken, email_taken or unknown_role; nothing is stored then.
func (s *Service) Create(ctx context.Context, n NewUser) (User, error) {
	u, err := s.newUser(n)
	if err != nil {
		return User{}, err
	}
	return s.insert(ctx, u, n.Password)
}

// insert hashes the password and stores the user that newUser made.
func (s *Service) insert(ctx context.Context, u User, password string) (User, error) {
	var err error
	if u.PasswordHash, err = s.passwords.Hash(ctx, normalPassword(password)); err != nil {
		return User{}, err
	}
	if err := s.store.CreateUser(ctx, u); err != nil {
		return User{}, err
	}
	return s.store.UserByID(ctx, u.ID)
}

// newUser checks n, cheap checks first, and brings it to the form that is stored.
func (s *Service) newUser(n NewUser) (User, error) {
	now := s.second()
	u := User{
		ID: NewID(), Username: n.Username, Email: n.Email, Active: true,
		Name: n.Name, Picture: n.Picture, Roles: n.Roles, CreatedAt: now, UpdatedAt: now,
	}
	if len(u.Roles) == 0 {
		u.Roles = []string{RoleUser}
	}
	var err error
	if u.UsernameKey, err = usernameKey(n.Username); err != nil {
		return User{}, err
	}
	if u.EmailKey, err = emailKey(n.Email); err != nil {
		return User{}, err
	}
	if utf8.RuneCountInString(n.Name) > maxName || !plainText(n.Name) {
		return User{}, Errorf(InvalidRequest, "the name is too long or has control characters").At("/name")
	}
	if len(n.Picture) > maxPicture || !plainText(n.Picture) {
		return User{}, Errorf(InvalidRequest, "the picture is too long or has control characters").At("/picture")
	}
	return u, s.checkPassword(n.Password, u)
}

// Find gives the user who signs in by that username or address, and the key by which tries are
// counted: one for a user, whether by name or address. An unknown user is the zero User, no error.
func (s *Service) Find(ctx context.Context, login string) (User, string, error) {
	key, email, possible := loginKey(login)
	if !possible {
		return User{}, key, nil
	}
	find := s.store.UserByUsername
	if email {
		find = s.store.UserByEmail
	}
	u, err := find(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return User{}, key, nil
	}
	if err != nil {
		return User{}, "", err
	}
	return u, u.UsernameKey, nil
}

// Authenticate checks the password of a user that Find gave. It costs the same for the zero User,
// for one who is not active and for a wrong password, and answers ErrInvalidCredentials to all.
// A hash with outdated parameters is replaced after a right password.
func (s *Service) Authenticate(ctx context.Context, u User, password string) error {
	password = normalPassword(password)
	ok, outdated, err := s.passwords.Verify(ctx, u.PasswordHash, password)
	if err != nil {
		return err
	}
	if !ok || !u.Active {
		return ErrInvalidCredentials
	}
	if outdated {
		s.rehash(ctx, u, password)
	}
	return nil
}

// rehash replaces an outdated hash. It may fail: the old one stays good until the next sign-in.
func (s *Service) rehash(ctx context.Context, u User, password string) {
	hash, err := s.passwords.Hash(ctx, password)
	if err == nil {
		err = s.store.ReplacePasswordHash(ctx, u.ID, u.PasswordHash, hash)
	}
	if err != nil {
		s.log.WarnContext(ctx, "password hash not renewed", "user_id", u.ID, "error", err)
	}
}

// ByLogin gives a user by username or address, or answers ErrNotFound.
func (s *Service) ByLogin(ctx context.Context, login string) (User, error) {
	u, _, err := s.Find(ctx, login)
	if err == nil && u.ID == "" {
		err = ErrNotFound
	}
	return u, err
}

// ByID gives a user, or ErrNotFound.
func (s *Service) ByID(ctx context.Context, id string) (User, error) {
	return s.store.UserByID(ctx, id)
}

// List gives at most limit users after a position, oldest first.
func (s *Service) List(ctx context.Context, after Position, limit int) ([]User, error) {
	return s.store.ListUsers(ctx, after, limit)
}

// Grant gives a user a role; having it already is no error. ErrNotFound, ErrUnknownRole.
func (s *Service) Grant(ctx context.Context, id, role string) error {
	return s.store.GrantRole(ctx, id, role, s.second())
}

// Revoke takes a role from a user; not having it is no error. ErrNotFound, ErrUnknownRole.
func (s *Service) Revoke(ctx context.Context, id, role string) error {
	return s.store.RevokeRole(ctx, id, role, s.second())
}
