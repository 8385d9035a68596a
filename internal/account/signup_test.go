package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

func newBob() account.NewUser {
	return account.NewUser{Username: "Bob", Email: "Bob@example.org", Password: "long enough"}
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	// A sign-up that found a taken name stays counted; every other one is refunded.
	counted := []string{"sign-up 192.0.2.1", "hash"}
	refunded := []string{"sign-up 192.0.2.1", "hash", "refund sign-up 192.0.2.1"}
	for name, c := range map[string]struct {
		closed  bool
		edit    func(*account.NewUser)
		wait    time.Duration
		full    bool // the queue for hashing slots is full
		busy    bool // no hashing slot became free
		calls   []string
		code    fault.Code
		pointer string
	}{
		"accepted":               {calls: refunded},
		"closed":                 {closed: true, code: account.SignupClosed},
		"no password":            {edit: func(n *account.NewUser) { n.Password = "" }, code: account.WeakPassword, pointer: "/password"},
		"short password":         {edit: func(n *account.NewUser) { n.Password = "short" }, code: account.WeakPassword, pointer: "/password"},
		"password like the name": {edit: func(n *account.NewUser) { n.Username, n.Password = "robert-b", "Robert-B" }, code: account.WeakPassword, pointer: "/password"},
		"invalid username":       {edit: func(n *account.NewUser) { n.Username = "b@b" }, code: account.InvalidUsername, pointer: "/username"},
		"invalid email":          {edit: func(n *account.NewUser) { n.Email = "bob" }, code: account.InvalidEmail, pointer: "/email"},
		"long name":              {edit: func(n *account.NewUser) { n.Name = strings.Repeat("x", 201) }, code: fault.InvalidRequest, pointer: "/name"},
		"over the limit":         {wait: time.Minute, calls: counted[:1], code: fault.TooManyRequests},
		"username taken":         {edit: func(n *account.NewUser) { n.Username = "ANN" }, calls: counted, code: account.UsernameTaken, pointer: "/username"},
		"email taken":            {edit: func(n *account.NewUser) { n.Email = "ANN@example.org" }, calls: counted, code: account.EmailTaken, pointer: "/email"},
		"queue full":             {full: true, code: fault.Unavailable},
		"busy":                   {busy: true, calls: refunded, code: fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixtureWith(t, account.Options{Signup: !c.closed})
			f.addUser(t, "Ann")
			f.limits.wait["CountSignup"], f.hasher.full = c.wait, c.full
			if c.busy {
				f.hasher.hashErr = fault.ErrUnavailable
			}
			n := newBob()
			if c.edit != nil {
				c.edit(&n)
			}
			_, err := f.SignUp(t.Context(), n, caller)
			requireFault(t, err, c.code, c.pointer)
			require.Equal(t, c.calls, f.calls)
			if c.code != "" {
				require.Empty(t, f.events(t), "nothing is stored")
				require.Empty(t, f.messages(t))
			}
		})
	}
}

// Users who sign up get ROLE_USER and an unconfirmed address, whatever they ask for.
func TestSignUpStores(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	n := newBob()
	n.Roles, n.EmailVerified = []string{account.RoleAdmin}, true
	u, err := f.SignUp(t.Context(), n, caller)
	require.NoError(t, err)
	require.Equal(t, u, f.user(t, u.ID))
	require.Equal(t, []string{account.RoleUser}, u.Roles)
	require.Equal(t, []string{"profile"}, u.Scopes)
	require.False(t, u.EmailVerified)
	require.Equal(t, "hash:long enough", u.PasswordHash)
	require.Equal(t, []account.Message{{Kind: account.MessageVerify, UserID: u.ID}}, f.messages(t))
	event := f.event(t)
	require.Equal(t, audit.UserRegistered, event.Action)
	require.Equal(t, "Bob", event.Actor, "the user acts for itself")
	require.Equal(t, u.ID, event.ActorID)
}

func TestSignUpWithoutRefund(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limits.fail["RefundSignup"] = fault.ErrUnavailable
	u, err := f.SignUp(t.Context(), newBob(), caller)
	require.NoError(t, err, "the user exists: a refund that fails is only logged")
	require.Equal(t, "Bob", u.Username)
}

func TestSignUpOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limits.fail["CountSignup"] = fault.ErrUnavailable
	_, err := f.SignUp(t.Context(), newBob(), caller)
	require.ErrorIs(t, err, fault.ErrUnavailable)
	require.Empty(t, f.events(t), "a sign-up that is not counted is not made")
}

// Without email, an invited user could never sign in: nothing is stored.
func TestCreateWithoutMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	d := f.directory(t, func(o *account.DirectoryOptions) { o.NoMail = true })
	n := newBob()
	_, err := d.Create(t.Context(), n)
	require.NoError(t, err, "a user with a password needs no email")
	created := f.events(t)
	n.Username, n.Email, n.Password = "Eve", "eve@example.com", ""
	_, err = d.Create(t.Context(), n)
	requireFault(t, err, account.MailNotConfigured, "/password")
	require.Equal(t, created, f.events(t))
}

func TestCreate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit    func(*account.NewUser)
		message account.MessageKind // default: MessageVerify
		roles   []string            // default: ROLE_USER
		code    fault.Code
		pointer string
	}{
		"default":        {},
		"confirmed":      {edit: func(n *account.NewUser) { n.EmailVerified = true }},
		"no password":    {edit: func(n *account.NewUser) { n.Password = "" }, message: account.MessageInvite},
		"roles":          {edit: func(n *account.NewUser) { n.Roles = []string{account.RoleUser, account.RoleAdmin} }, roles: []string{account.RoleAdmin, account.RoleUser}},
		"unknown role":   {edit: func(n *account.NewUser) { n.Roles = []string{"ROLE_NOBODY"} }, code: account.UnknownRole},
		"username taken": {edit: func(n *account.NewUser) { n.Username = "ann" }, code: account.UsernameTaken, pointer: "/username"},
		"email taken":    {edit: func(n *account.NewUser) { n.Email = "ann@example.org" }, code: account.EmailTaken, pointer: "/email"},
		"both taken":     {edit: func(n *account.NewUser) { n.Username, n.Email = "ann", "ann@example.org" }, code: account.UsernameTaken, pointer: "/username"},
		"200 characters": {edit: func(n *account.NewUser) { n.Name = strings.Repeat("ä", 200) }},
		"201 characters": {edit: func(n *account.NewUser) { n.Name = strings.Repeat("ä", 201) }, code: fault.InvalidRequest, pointer: "/name"},
		"line break":     {edit: func(n *account.NewUser) { n.Name = "Bob\nX" }, code: fault.InvalidRequest, pointer: "/name"},
		"2048 bytes":     {edit: func(n *account.NewUser) { n.Picture = strings.Repeat("x", 2048) }},
		"2049 bytes":     {edit: func(n *account.NewUser) { n.Picture = strings.Repeat("x", 2049) }, code: fault.InvalidRequest, pointer: "/picture"},
		"NUL":            {edit: func(n *account.NewUser) { n.Picture = "x\x00" }, code: fault.InvalidRequest, pointer: "/picture"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.addUser(t, "Ann")
			n := newBob()
			if c.edit != nil {
				c.edit(&n)
			}
			u, err := f.Create(t.Context(), n)
			requireFault(t, err, c.code, c.pointer)
			if c.code != "" {
				require.Empty(t, f.events(t), "nothing is stored")
				return
			}
			if c.message == "" {
				c.message = account.MessageVerify
			}
			if c.roles == nil {
				c.roles = []string{account.RoleUser}
			}
			require.Equal(t, c.roles, u.Roles)
			require.Equal(t, n.EmailVerified, u.EmailVerified)
			require.Equal(t, n.Password == "", u.PasswordHash == "")
			require.Equal(t, []account.Message{{Kind: c.message, UserID: u.ID}}, f.messages(t))
			require.Equal(t, audit.UserCreated, f.event(t).Action)
		})
	}
}

func TestCreateFillsInTheUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u, err := f.Create(t.Context(), account.NewUser{Username: "Alice", Email: "A@Example.com", Password: "long enough"})
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, u.ID)
	require.Equal(t, account.User{
		ID: u.ID, Username: "Alice", UsernameKey: "alice", Email: "A@Example.com", EmailKey: "a@example.com", Active: true,
		PasswordHash: "hash:long enough", Roles: []string{account.RoleUser}, Scopes: []string{"profile"},
		CreatedAt: noon, UpdatedAt: noon, // UTC, in whole seconds
	}, u)
}
