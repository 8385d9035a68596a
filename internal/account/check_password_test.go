package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// The calls of an attempt on Ann's account, by outcome.
var (
	succeeds = []string{"count 192.0.2.1 ann", "verify", "succeed 192.0.2.1 ann"}
	fails    = []string{"count 192.0.2.1 ann", "verify", "fail ann"}
	refunded = []string{"count 192.0.2.1 ann", "verify", "refund 192.0.2.1 ann"}
)

var signInCases = map[string]struct {
	login    string // default: ann
	password string // default: rightPassword
	user     func(*account.User)
	confirm  bool // a confirmed email address is required
	wait     time.Duration
	full     bool // the queue for hashing slots is full
	busy     bool // no hashing slot became free
	calls    []string
	code     fault.Code // empty: signed in
	target   string     // in the audit event of a failure
	silent   bool       // a failure without an audit event
}{
	"username":                     {calls: succeeds},
	"username in other case":       {login: " ANN ", calls: succeeds},
	"email address":                {login: "ann@example.org", calls: succeeds},
	"email address in other case":  {login: "Ann@Example.ORG", calls: succeeds},
	"password in another form":     {password: "e\u0301clair au chocolat", user: withHash("hash:\u00e9clair au chocolat"), calls: succeeds},
	"wrong password":               {password: "wrong", calls: fails, code: account.InvalidCredentials, target: "Ann"},
	"wrong password, by email":     {login: "ann@example.org", password: "wrong", calls: fails, code: account.InvalidCredentials, target: "Ann"},
	"no password set":              {user: withHash(""), calls: fails, code: account.InvalidCredentials, target: "Ann"},
	"unknown username":             {login: "Bob", calls: []string{"count 192.0.2.1 bob", "verify", "fail bob"}, code: account.InvalidCredentials},
	"unknown email address":        {login: "B@Example.org", calls: []string{"count 192.0.2.1 b@example.org", "verify", "fail b@example.org"}, code: account.InvalidCredentials},
	"impossible username":          {login: "My Secret", calls: []string{"count 192.0.2.1 my secret", "verify", "fail my secret"}, code: account.InvalidCredentials},
	"disabled":                     {user: disabled, calls: fails, code: account.InvalidCredentials, target: "Ann"},
	"disabled for another second":  {user: disabledUntil(time.Second), calls: fails, code: account.InvalidCredentials, target: "Ann"},
	"disabled until now":           {user: disabledUntil(0), calls: succeeds},
	"over the limit":               {wait: time.Minute, calls: succeeds[:1], code: fault.TooManyRequests, silent: true},
	"over the limit, wrong":        {wait: time.Minute, password: "wrong", calls: succeeds[:1], code: fault.TooManyRequests, silent: true},
	"queue full":                   {full: true, code: fault.Unavailable, silent: true},
	"busy":                         {busy: true, calls: refunded, code: fault.Unavailable, silent: true},
	"outdated hash":                {user: withHash("old:" + rightPassword), calls: []string{"count 192.0.2.1 ann", "verify", "hash", "succeed 192.0.2.1 ann"}},
	"outdated hash, wrong":         {user: withHash("old:another one"), calls: fails, code: account.InvalidCredentials, target: "Ann"},
	"unconfirmed, not required":    {user: unconfirmed, calls: succeeds},
	"unconfirmed, required":        {user: unconfirmed, confirm: true, calls: succeeds, code: account.EmailUnverified, target: "Ann"},
	"unconfirmed, wrong password":  {user: unconfirmed, confirm: true, password: "wrong", calls: fails, code: account.InvalidCredentials, target: "Ann"},
	"unconfirmed, unknown user":    {login: "bob", confirm: true, calls: []string{"count 192.0.2.1 bob", "verify", "fail bob"}, code: account.InvalidCredentials},
	"confirmed where it is needed": {confirm: true, calls: succeeds},
}

func withHash(hash string) func(*account.User) {
	return func(u *account.User) { u.PasswordHash = hash }
}

// TestSignIn checks the protocol: the attempt is counted before the password is verified, at the same
// cost for every user, and then succeeds, fails or is refunded.
func TestSignIn(t *testing.T) {
	t.Parallel()
	for name, c := range signInCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixtureWith(t, account.Options{VerifiedEmail: c.confirm})
			if c.user == nil {
				c.user = func(*account.User) {}
			}
			ann := f.addUser(t, "Ann", c.user)
			f.limits.wait["CountLogin"] = c.wait
			f.hasher.full = c.full
			if c.busy {
				f.hasher.verifyErr = fault.ErrUnavailable
			}
			if c.login == "" {
				c.login = "ann"
			}
			if c.password == "" {
				c.password = rightPassword
			}
			u, err := f.SignIn(t.Context(), c.login, account.Attempt{
				Password: c.password, Address: caller, ClientID: "web", Action: audit.UserSignedIn,
			})
			requireFault(t, err, c.code, "")
			require.Equal(t, c.calls, f.calls)
			if c.code == "" {
				require.Equal(t, ann.ID, u.ID)
				require.Empty(t, f.events(t), "the caller stores the event of a success")
				return
			}
			require.Zero(t, u)
			if c.silent {
				require.Empty(t, f.events(t))
				return
			}
			event := f.event(t)
			require.Equal(t, audit.UserSignedIn, event.Action)
			require.Equal(t, audit.Failure, event.Outcome)
			require.Equal(t, string(c.code), event.Reason)
			require.Equal(t, "web", event.ClientID)
			require.Equal(t, c.target, event.Target, "what was typed as the name of an unknown user may be a password")
			require.Equal(t, c.target != "", event.TargetID == ann.ID)
			require.Equal(t, noon, event.At)
		})
	}
}

// The attempts of a browser in which the user has signed in are counted apart, for known users and for
// unknown ones.
func TestSignInWithDeviceHint(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	_, err := f.SignIn(t.Context(), "ann", account.Attempt{Password: rightPassword, Address: caller, Device: "hint"})
	require.NoError(t, err)
	_, err = f.SignIn(t.Context(), "bob", account.Attempt{Password: "wrong", Address: caller, Device: "hint"})
	require.ErrorIs(t, err, account.ErrInvalidCredentials)
	require.Equal(t, []string{
		"count 192.0.2.1 hint of ann", "verify", "succeed 192.0.2.1 hint of ann",
		"count 192.0.2.1 hint of bob", "verify", "fail hint of bob",
	}, f.calls)
	require.Equal(t, "hint for ann at 0", f.DeviceHint(ann))
}

func TestSignInSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limits.wait["CountLogin"] = 90 * time.Second
	_, err := f.SignIn(t.Context(), "ann", account.Attempt{Password: rightPassword})
	var refused *fault.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 90*time.Second, refused.RetryAfter)
}

// An outdated hash is replaced. If that is not possible, the user signs in all the same.
func TestOutdatedHash(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hashErr, storeErr error
		want              string
	}{
		"replaced":             {want: "hash:" + rightPassword},
		"no hashing slot":      {hashErr: fault.ErrUnavailable, want: "old:" + rightPassword},
		"no database":          {storeErr: fault.ErrUnavailable, want: "old:" + rightPassword},
		"password changed now": {storeErr: fault.ErrNotFound, want: "old:" + rightPassword},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ann := f.addUser(t, "Ann", withHash("old:"+rightPassword))
			f.hasher.hashErr, f.store.fail["ReplacePasswordHash"] = c.hashErr, c.storeErr
			_, err := f.SignIn(t.Context(), "ann", account.Attempt{Password: rightPassword, Address: caller})
			require.NoError(t, err)
			require.Equal(t, c.want, f.user(t, ann.ID).PasswordHash)
			require.Equal(t, ann.Epoch, f.user(t, ann.ID).Epoch, "sessions continue")
			require.Equal(t, "succeed 192.0.2.1 ann", f.calls[len(f.calls)-1])
		})
	}
}

// The refund of an attempt that was not made does not depend on the context of the caller, who may have
// gone. The limiter of this test returns an error if its context has ended.
func TestSignInRefundsAfterTheCallerHasGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addUser(t, "Ann")
	ctx, cancel := context.WithCancel(t.Context())
	f.hasher.verifying, f.hasher.verifyErr = cancel, context.Canceled
	_, err := f.SignIn(ctx, "ann", account.Attempt{Password: rightPassword, Address: caller})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, refunded, f.calls)
	require.EqualError(t, err, context.Canceled.Error(), "the refund succeeds")
}

// An outage is an error, and never looks like a wrong password.
func TestSignInOutage(t *testing.T) {
	t.Parallel()
	outage := errors.New("outage")
	for name, c := range map[string]struct {
		login    string
		password string
		fail     func(f *fixture)
	}{
		"user by name":     {login: "ann", password: rightPassword, fail: func(f *fixture) { f.store.fail["UserByUsername"] = outage }},
		"user by email":    {login: "ann@example.org", password: rightPassword, fail: func(f *fixture) { f.store.fail["UserByEmail"] = outage }},
		"count":            {login: "ann", password: rightPassword, fail: func(f *fixture) { f.limits.fail["CountLogin"] = outage }},
		"success":          {login: "ann", password: rightPassword, fail: func(f *fixture) { f.limits.fail["LoginSucceeded"] = outage }},
		"event":            {login: "ann", password: "wrong", fail: func(f *fixture) { f.store.fail["AppendEvent"] = outage }},
		"event of unknown": {login: "bob", password: "wrong", fail: func(f *fixture) { f.store.fail["AppendEvent"] = outage }},
		"refund": {login: "ann", password: rightPassword, fail: func(f *fixture) {
			f.hasher.verifyErr, f.limits.fail["RefundLogin"] = fault.ErrUnavailable, outage
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.addUser(t, "Ann")
			c.fail(f)
			_, err := f.SignIn(t.Context(), c.login, account.Attempt{Password: c.password, Address: caller})
			require.ErrorIs(t, err, outage)
			require.NotErrorIs(t, err, account.ErrInvalidCredentials)
		})
	}
}

// A failure is recorded under the client of the attempt, or else under the client of the request.
func TestFailureNamesTheClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ attempt, request, want string }{{"web", "", "web"}, {"web", "app", "web"}, {"", "app", "app"}} {
		f := newFixture(t)
		ctx := audit.With(t.Context(), &audit.Actor{ClientID: c.request, Address: caller, RequestID: "r1"})
		_, err := f.SignIn(ctx, "ann", account.Attempt{Password: "wrong", ClientID: c.attempt, Action: audit.UserDeleted})
		require.ErrorIs(t, err, account.ErrInvalidCredentials)
		event := f.event(t)
		require.Equal(t, c.want, event.ClientID)
		require.Equal(t, audit.UserDeleted, event.Action)
		require.Equal(t, caller, event.Address)
		require.Equal(t, "r1", event.RequestID)
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password string
		wait     time.Duration
		busy     bool
		calls    []string
		code     fault.Code
		pointer  string
	}{
		"right":          {password: rightPassword, calls: succeeds},
		"wrong":          {password: "wrong", calls: fails, code: account.WrongPassword, pointer: "/current_password"},
		"missing":        {code: account.WrongPassword, pointer: "/current_password"},
		"over the limit": {password: rightPassword, wait: time.Minute, calls: succeeds[:1], code: fault.TooManyRequests},
		"busy":           {password: rightPassword, busy: true, calls: refunded, code: fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ann := f.addUser(t, "Ann")
			f.limits.wait["CountLogin"] = c.wait
			if c.busy {
				f.hasher.verifyErr = fault.ErrUnavailable
			}
			err := f.Confirm(t.Context(), ann, account.Attempt{Password: c.password, Address: caller})
			requireFault(t, err, c.code, c.pointer)
			require.Equal(t, c.calls, f.calls)
		})
	}
}
