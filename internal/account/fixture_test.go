package account_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/store/storetest/memory"
)

// noon is the time at which every test starts.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// caller is the IP address that attempts come from.
const caller = "192.0.2.1"

// fixture is a service over a store in memory, with a limiter and a hasher that record their calls.
type fixture struct {
	*account.Service
	store  *recordingStore
	hasher *hasher
	limits *limiter
	now    time.Time
	calls  []string          // of the limiter and the hasher, in order
	names  map[string]string // canonical usernames by user id, for calls
}

// newFixture returns a service with open sign-up.
func newFixture(t *testing.T) *fixture { return newFixtureWith(t, account.Options{Signup: true}) }

func newFixtureWith(t *testing.T, o account.Options) *fixture {
	t.Helper()
	f := &fixture{now: noon, names: map[string]string{}, store: &recordingStore{Store: memory.New(), reads: map[string]int{}, fail: map[string]error{}}}
	f.hasher = &hasher{f: f}
	f.limits = &limiter{f: f, wait: map[string]time.Duration{}, fail: map[string]error{}}
	o.Limits = f.limits
	var err error
	f.Service, err = account.New(f.directory(t), o)
	require.NoError(t, err)
	return f
}

// directory returns a directory over the fixture's store, after edits of its options.
func (f *fixture) directory(t *testing.T, edits ...func(*account.DirectoryOptions)) *account.Directory {
	t.Helper()
	// The clock has fractions of a second and a time zone, which no stored time may have.
	clock := func() time.Time { return f.now.Add(999 * time.Millisecond).In(time.FixedZone("", 3600)) }
	o := account.DirectoryOptions{
		Users: f.store, Roles: f.store, Tokens: f.store, Events: f.store, Queue: f.store, Passwords: f.hasher,
		MinPassword: 8, Now: clock, Log: slog.New(slog.DiscardHandler),
	}
	for _, edit := range edits {
		edit(&o)
	}
	d, err := account.NewDirectory(o)
	require.NoError(t, err)
	return d
}

// name returns the username of the user that a key of the limiter identifies, or the key of an unknown
// user.
func (f *fixture) name(key string) string { return cmp.Or(f.names[key], key) }

func (f *fixture) record(format string, args ...any) {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

// rightPassword is the password of every user that addUser stores.
const rightPassword = "correct horse"

// addUser stores an active user with a confirmed email address and ROLE_USER, after edits.
func (f *fixture) addUser(t *testing.T, name string, edits ...func(*account.User)) account.User {
	t.Helper()
	u := account.User{
		ID: uuid.NewString(), Username: name, UsernameKey: strings.ToLower(name), Email: name + "@example.org",
		EmailKey: strings.ToLower(name) + "@example.org", EmailVerified: true, Active: true,
		PasswordHash: "hash:" + rightPassword, Roles: []string{account.RoleUser}, CreatedAt: noon, UpdatedAt: noon,
	}
	for _, edit := range edits {
		edit(&u)
	}
	require.NoError(t, f.store.CreateUser(t.Context(), u, audit.Change{}))
	f.names[u.ID] = u.UsernameKey
	return f.user(t, u.ID)
}

func withRoles(roles ...string) func(*account.User) {
	return func(u *account.User) { u.Roles = roles }
}

func unconfirmed(u *account.User) { u.EmailVerified = false }
func disabled(u *account.User)    { u.Active = false }

// disabledUntil disables a user until some time after noon.
func disabledUntil(after time.Duration) func(*account.User) {
	return func(u *account.User) { u.Active, u.DisabledUntil = false, noon.Add(after) }
}

// user returns a stored user.
func (f *fixture) user(t *testing.T, id string) account.User {
	t.Helper()
	u, err := f.store.Store.UserByID(t.Context(), id)
	require.NoError(t, err)
	return u
}

// events returns all audit events, newest first.
func (f *fixture) events(t *testing.T) []audit.Event {
	t.Helper()
	events, err := f.store.Events(t.Context(), audit.Query{Limit: 1000})
	require.NoError(t, err)
	return events
}

// event returns the only audit event.
func (f *fixture) event(t *testing.T) audit.Event {
	t.Helper()
	events := f.events(t)
	require.Len(t, events, 1)
	return events[0]
}

// jobs returns the jobs in the outbox of one kind.
func (f *fixture) jobs(t *testing.T, kind outbox.Kind) []outbox.Job {
	t.Helper()
	jobs, err := f.store.Jobs(t.Context())
	require.NoError(t, err)
	var some []outbox.Job
	for _, j := range jobs {
		if j.Kind == kind {
			some = append(some, j)
		}
	}
	return some
}

// messages returns the emails in the outbox.
func (f *fixture) messages(t *testing.T) []account.Message {
	t.Helper()
	var all []account.Message
	for _, j := range f.jobs(t, outbox.Email) {
		var m account.Message
		require.NoError(t, json.Unmarshal(j.Payload, &m))
		all = append(all, m)
	}
	return all
}

// requireFault requires an error of the domain with a code and a pointer, or no error for the code "".
func requireFault(t *testing.T, err error, code fault.Code, pointer string) {
	t.Helper()
	if code == "" {
		require.NoError(t, err)
		return
	}
	var refused *fault.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.Code)
	require.Equal(t, pointer, refused.Pointer)
}

func ptr[T any](v T) *T { return &v }

// recordingStore counts reads, keeps what is written, and fails where a test says so.
type recordingStore struct {
	*memory.Store
	reads   map[string]int // by method
	patches []account.UserPatch
	batches []int            // users passed to each call of ImportUsers
	fail    map[string]error // by method
}

func (s *recordingStore) read(method string) error {
	s.reads[method]++
	return s.fail[method]
}

func (s *recordingStore) UserByUsername(ctx context.Context, key string) (account.User, error) {
	if err := s.read("UserByUsername"); err != nil {
		return account.User{}, err
	}
	return s.Store.UserByUsername(ctx, key)
}

func (s *recordingStore) UserByEmail(ctx context.Context, key string) (account.User, error) {
	if err := s.read("UserByEmail"); err != nil {
		return account.User{}, err
	}
	return s.Store.UserByEmail(ctx, key)
}

func (s *recordingStore) UserByID(ctx context.Context, id string) (account.User, error) {
	if err := s.read("UserByID"); err != nil {
		return account.User{}, err
	}
	return s.Store.UserByID(ctx, id)
}

func (s *recordingStore) OneTimeTokenByHash(ctx context.Context, hash []byte, now time.Time) (account.OneTimeToken, account.User, error) {
	if err := s.read("OneTimeTokenByHash"); err != nil {
		return account.OneTimeToken{}, account.User{}, err
	}
	return s.Store.OneTimeTokenByHash(ctx, hash, now)
}

func (s *recordingStore) ListUsers(ctx context.Context, q account.Query) ([]account.User, []string, error) {
	if err := s.read("ListUsers"); err != nil {
		return nil, nil, err
	}
	return s.Store.ListUsers(ctx, q)
}

func (s *recordingStore) RoleByName(ctx context.Context, name string) (account.Role, error) {
	if err := s.read("RoleByName"); err != nil {
		return account.Role{}, err
	}
	return s.Store.RoleByName(ctx, name)
}

func (s *recordingStore) AppendEvent(ctx context.Context, e audit.Event) error {
	if err := s.fail["AppendEvent"]; err != nil {
		return err
	}
	return s.Store.AppendEvent(ctx, e)
}

func (s *recordingStore) UpdateUser(ctx context.Context, id string, p account.UserPatch, now time.Time, c audit.Change) error {
	s.patches = append(s.patches, p)
	if err := s.fail["UpdateUser"]; err != nil {
		return err
	}
	return s.Store.UpdateUser(ctx, id, p, now, c)
}

func (s *recordingStore) ReplacePasswordHash(ctx context.Context, id, from, to string) error {
	if err := s.fail["ReplacePasswordHash"]; err != nil {
		return err
	}
	return s.Store.ReplacePasswordHash(ctx, id, from, to)
}

func (s *recordingStore) ImportUsers(ctx context.Context, users []account.User, c audit.Change) ([]error, error) {
	if err := s.fail["ImportUsers"]; err != nil {
		return nil, err
	}
	s.batches = append(s.batches, len(users))
	return s.Store.ImportUsers(ctx, users, c)
}

var errQueueFull = fault.ErrUnavailable.Wrap(fault.ErrNoHashSlot)

// hasher is a password hasher with readable hashes: "hash:" or, if outdated, "old:" and the password.
type hasher struct {
	f         *fixture
	full      bool         // no place in the queue
	places    atomic.Int32 // that are taken in the queue
	verifyErr error
	hashErr   error
	verifying func() // called by Verify, may be nil
}

func (h *hasher) Hash(_ context.Context, password string) (string, error) {
	h.f.record("hash")
	return "hash:" + password, h.hashErr
}

func (h *hasher) Verify(_ context.Context, hash, password string) (ok, outdated bool, err error) {
	h.f.record("verify")
	if h.verifying != nil {
		h.verifying()
	}
	if h.verifyErr != nil {
		return false, false, h.verifyErr
	}
	outdated = hash == "old:"+password
	return outdated || hash == "hash:"+password, outdated, nil
}

func (h *hasher) Reserve(ctx context.Context) (reserved context.Context, leave func(), err error) {
	if h.full {
		return ctx, nil, errQueueFull
	}
	h.places.Add(1)
	return ctx, func() { h.places.Add(-1) }, nil
}

func (*hasher) CheckHash(hash string) error {
	if strings.HasPrefix(hash, "hash:") {
		return nil
	}
	return errors.New("unknown algorithm")
}

func (*hasher) Common(password string) bool { return strings.EqualFold(password, "common-one") }

// limiter allows every attempt for which a test sets no wait.
type limiter struct {
	f    *fixture
	wait map[string]time.Duration // by method
	fail map[string]error         // by method
}

func (l *limiter) DeviceHint(user string, epoch int64, _ time.Duration) string {
	return fmt.Sprintf("hint for %s at %d", l.f.name(user), epoch)
}

// CountLogin counts under the user: a test reads it in the calls.
func (l *limiter) CountLogin(_ context.Context, address, user string, _ int64, device, _ string) (any, time.Duration, error) {
	if device != "" {
		user = device + " of " + l.f.name(user)
	}
	l.f.record("count %s %s", address, l.f.name(user))
	return user, l.wait["CountLogin"], l.fail["CountLogin"]
}

func (l *limiter) LoginSucceeded(_ context.Context, address string, counter any) error {
	l.f.record("succeed %s %s", address, l.f.name(fmt.Sprint(counter)))
	return l.fail["LoginSucceeded"]
}

func (l *limiter) LoginFailed(counter any, _ string) {
	l.f.record("fail %s", l.f.name(fmt.Sprint(counter)))
}

func (l *limiter) RefundLogin(ctx context.Context, address string, counter any) error {
	l.f.record("refund %s %s", address, l.f.name(fmt.Sprint(counter)))
	return errors.Join(ctx.Err(), l.fail["RefundLogin"])
}

func (l *limiter) CountMessage(_ context.Context, address, email string) (time.Duration, error) {
	l.f.record("message %s %s", address, email)
	return l.wait["CountMessage"], l.fail["CountMessage"]
}

func (l *limiter) CountSignup(_ context.Context, address string) (time.Duration, error) {
	l.f.record("sign-up %s", address)
	return l.wait["CountSignup"], l.fail["CountSignup"]
}

func (l *limiter) RefundSignup(ctx context.Context, address string) error {
	l.f.record("refund sign-up %s", address)
	return errors.Join(ctx.Err(), l.fail["RefundSignup"])
}

// verifyEmail is VerifyEmail without the user.
func (f *fixture) verifyEmail(ctx context.Context, token string) error {
	_, err := f.VerifyEmail(ctx, token)
	return err
}
