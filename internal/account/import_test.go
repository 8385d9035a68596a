package account

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// memory is the part of a Store that import needs. What it does not have ends the test.
type memory struct {
	UserStore
	RoleStore
	OneTimeTokenStore
	Events
	Queue

	users   []User
	batches []int // users offered, for each act
	notes   []audit.Change
	fail    error // what ImportUsers answers
	reads   int
}

func (m *memory) find(match func(User) bool) (User, error) {
	m.reads++
	for _, u := range m.users {
		if match(u) {
			return u, nil
		}
	}
	return User{}, fault.ErrNotFound
}

func (m *memory) UserByUsername(_ context.Context, key string) (User, error) {
	return m.find(func(u User) bool { return u.UsernameKey == key })
}

func (m *memory) UserByEmail(_ context.Context, key string) (User, error) {
	return m.find(func(u User) bool { return u.EmailKey == key })
}

func (m *memory) UserByID(_ context.Context, id string) (User, error) {
	return m.find(func(u User) bool { return u.ID == id })
}

func (m *memory) RoleByName(_ context.Context, name string) (Role, error) {
	if name == RoleUser || name == RoleAdmin {
		return Role{Name: name}, nil
	}
	return Role{}, ErrUnknownRole
}

func (m *memory) ImportUsers(ctx context.Context, users []User, n audit.Change) ([]error, error) {
	if m.fail != nil {
		return nil, m.fail
	}
	results := make([]error, len(users))
	m.batches = append(m.batches, len(users))
	m.notes = append(m.notes, n)
	for i, u := range users {
		if _, err := m.UserByUsername(ctx, u.UsernameKey); err == nil {
			results[i] = ErrUsernameTaken
			continue
		}
		if _, err := m.UserByEmail(ctx, u.EmailKey); err == nil {
			results[i] = ErrEmailTaken
			continue
		}
		for _, role := range u.Roles {
			if _, err := m.RoleByName(ctx, role); err != nil {
				results[i] = err
			}
		}
		if results[i] == nil {
			m.users = append(m.users, u)
		}
	}
	return results, nil
}

var importTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newImport(t *testing.T) (*Directory, *memory) {
	t.Helper()
	m := &memory{}
	d, err := NewDirectory(DirectoryOptions{
		Users: m, Roles: m, Tokens: m, Events: m, Queue: m, Passwords: plainPasswords{}, MinPassword: 8,
		Now: func() time.Time { return importTime }, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return d, m
}

func no() *bool { return new(bool) }

const someID = "6f1c2b9e-0a4d-4e57-8a36-2f9a7f2d1c11"

func TestImportOne(t *testing.T) {
	t.Parallel()
	s, m := newImport(t)
	created := time.Date(2019, 5, 6, 9, 8, 9, 500, time.FixedZone("", 7200))
	faults, err := s.Import(audit.With(t.Context(), audit.Operator), []Record{
		{
			ID: strings.ToUpper(someID), Username: "Ann", Email: "Ann@Example.org", EmailVerified: true, Name: "Ann A.",
			Picture: "https://example.org/a.png", Roles: []string{RoleUser, RoleAdmin, RoleUser}, Active: no(),
			DisabledUntil: importTime.Add(time.Hour), PasswordHash: "hash:a", CreatedAt: created, UpdatedAt: created,
		},
		{Username: "bob", Email: "bob@example.org", Password: "bo\u0301bs long one"},
		{Username: "cy", Email: "cy@example.org", Roles: []string{}},
	}, false)
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil, nil}, faults)

	created = time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC)
	require.Equal(t, User{
		ID: someID, Username: "Ann", UsernameKey: "ann", Email: "Ann@Example.org", EmailKey: "ann@example.org",
		EmailVerified: true, DisabledUntil: importTime.Add(time.Hour), Name: "Ann A.", Picture: "https://example.org/a.png",
		PasswordHash: "hash:a", Roles: []string{RoleAdmin, RoleUser}, CreatedAt: created, UpdatedAt: created,
	}, m.users[0])
	bob, cy := m.users[1], m.users[2]
	require.Equal(t, "hash:b\u00f3bs long one", bob.PasswordHash, "the password is hashed in NFC")
	require.True(t, bob.Active)
	require.Equal(t, []string{RoleUser}, bob.Roles)
	require.Equal(t, importTime, bob.CreatedAt)
	require.Empty(t, cy.Roles)
	require.Empty(t, cy.PasswordHash)
	require.Len(t, m.notes, 1)
	require.Equal(t, audit.UserImported, m.notes[0].Event.Action)
	require.Equal(t, "operator", m.notes[0].Event.Actor)
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		change  func(*Record)
		code    fault.Code // empty: accepted
		pointer string
	}{
		{name: "nothing", change: func(*Record) {}},
		{name: "no username", change: func(r *Record) { r.Username = "" }, code: InvalidUsername, pointer: "/username"},
		{name: "username with a NUL", change: func(r *Record) { r.Username = "a\x00b" }, code: InvalidUsername, pointer: "/username"},
		{name: "username is an address", change: func(r *Record) { r.Username = "a@b" }, code: InvalidUsername, pointer: "/username"},
		{name: "no address", change: func(r *Record) { r.Email = "" }, code: InvalidEmail, pointer: "/email"},
		{name: "address with a line end", change: func(r *Record) { r.Email = "a@b\n" }, code: InvalidEmail, pointer: "/email"},
		{name: "name with a line end", change: func(r *Record) { r.Name = "a\nb" }, code: fault.InvalidRequest, pointer: "/name"},
		{name: "picture too long", change: func(r *Record) { r.Picture = strings.Repeat("a", 2049) }, code: fault.InvalidRequest, pointer: "/picture"},
		{name: "no UUID", change: func(r *Record) { r.ID = "17" }, code: fault.InvalidRequest, pointer: "/id"},
		{name: "no role", change: func(r *Record) { r.Roles = []string{"admin\x1b[31m"} }, code: UnknownRole, pointer: "/roles"},
		{name: "unknown role", change: func(r *Record) { r.Roles = []string{"ROLE_NOBODY"} }, code: UnknownRole, pointer: "/roles"},
		{name: "disabled for a while, but active", change: func(r *Record) { r.DisabledUntil = importTime }, code: fault.InvalidRequest, pointer: "/disabled_until"},
		{name: "disabled for a while", change: func(r *Record) { r.DisabledUntil, r.Active = importTime, no() }},
		{name: "from before 1970", change: func(r *Record) { r.CreatedAt = time.Unix(-1, 0) }, code: fault.InvalidRequest, pointer: "/created_at"},
		{name: "of another clock", change: func(r *Record) { r.CreatedAt = importTime.Add(time.Hour) }},
		{name: "from the future", change: func(r *Record) { r.CreatedAt = importTime.Add(25 * time.Hour) }, code: fault.InvalidRequest, pointer: "/created_at"},
		{name: "changed in the future", change: func(r *Record) { r.UpdatedAt = importTime.Add(25 * time.Hour) }, code: fault.InvalidRequest, pointer: "/updated_at"},
		{name: "unknown hash", change: func(r *Record) { r.PasswordHash = "md5$x" }, code: fault.InvalidRequest, pointer: "/password_hash"},
		{name: "hash and password", change: func(r *Record) { r.PasswordHash, r.Password = "hash:a", "long enough a one" }, code: fault.InvalidRequest, pointer: "/password"},
		{name: "short password", change: func(r *Record) { r.Password = "short" }, code: WeakPassword, pointer: "/password"},
		{name: "common password", change: func(r *Record) { r.Password = "common-one" }, code: WeakPassword, pointer: "/password"},
	} {
		for _, dryRun := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, %v", c.name, dryRun), func(t *testing.T) {
				t.Parallel()
				s, m := newImport(t)
				bad := Record{Username: "ann", Email: "ann@example.org"}
				c.change(&bad)
				good := Record{Username: "bob", Email: "bob@example.org"}
				faults, err := s.Import(t.Context(), []Record{bad, good}, dryRun)
				require.NoError(t, err)
				require.NoError(t, faults[1])
				if c.code == "" {
					require.NoError(t, faults[0])
				} else {
					var fault *fault.Error
					require.ErrorAs(t, faults[0], &fault)
					require.Equal(t, c.code, fault.Code)
					require.Equal(t, c.pointer, fault.Pointer)
				}
				switch {
				case dryRun:
					require.Empty(t, m.users)
					require.Empty(t, m.batches)
				case c.code == "":
					require.Len(t, m.users, 2)
				default:
					require.Len(t, m.users, 1)
				}
			})
		}
	}
}

// What is run again creates nobody twice, and says of each who he is.
func TestImportAgain(t *testing.T) {
	t.Parallel()
	s, m := newImport(t)
	records := []Record{
		{Username: "ann", Email: "ann@example.org", ID: someID},
		{Username: "bob", Email: "bob@example.org", Password: "bob's long one"},
		{Username: "cy", Email: "cy@example.org"},
	}
	_, err := s.Import(t.Context(), records, false)
	require.NoError(t, err)
	require.Len(t, m.users, 3)

	again := slices.Concat(records, []Record{
		{Username: "ANN", Email: "Ann@Example.org"},                         // the same, spelt otherwise
		{Username: "ann", Email: "other@example.org"},                       // her name
		{Username: "other", Email: "bob@example.org"},                       // his address
		{Username: "bob", Email: "cy@example.org"},                          // of two people
		{Username: "zoe", Email: "zoe@example.org", ID: someID},             // her id
		{Username: "bob", Email: "b@example.org", Password: "a secret one"}, // his name
	})
	for _, dryRun := range []bool{true, false} {
		faults, err := s.Import(t.Context(), again, dryRun)
		require.NoError(t, err)
		for i := range 4 {
			require.ErrorIs(t, faults[i], ErrRecordExists, i)
		}
		require.ErrorIs(t, faults[4], ErrUsernameTaken)
		require.ErrorIs(t, faults[5], ErrEmailTaken)
		require.ErrorIs(t, faults[6], ErrUsernameTaken)
		require.ErrorContains(t, faults[7], "this id is taken")
		require.ErrorIs(t, faults[8], ErrUsernameTaken)
		require.Len(t, m.users, 3)
	}
}

// The same user twice in one batch is one user.
func TestImportTwiceInABatch(t *testing.T) {
	t.Parallel()
	s, m := newImport(t)
	faults, err := s.Import(t.Context(), []Record{
		{Username: "ann", Email: "ann@example.org"},
		{Username: "Ann", Email: "ann@example.org"},
		{Username: "ann", Email: "ann2@example.org"},
	}, false)
	require.NoError(t, err)
	require.NoError(t, faults[0])
	require.ErrorIs(t, faults[1], ErrRecordExists)
	require.ErrorIs(t, faults[2], ErrUsernameTaken)
	require.Len(t, m.users, 1)
}

func TestImportBatches(t *testing.T) {
	t.Parallel()
	s, m := newImport(t)
	records := make([]Record, 1201)
	for i := range records {
		records[i] = Record{Username: fmt.Sprintf("user%d", i), Email: fmt.Sprintf("user%d@example.org", i)}
	}
	records[3].Email = "none"
	faults, err := s.Import(t.Context(), records, false)
	require.NoError(t, err)
	require.Len(t, faults, 1201)
	require.ErrorIs(t, faults[3], fault.Errorf(InvalidEmail, ""))
	require.Equal(t, []int{499, 500, 201}, m.batches)
	require.Len(t, m.notes, 3, "one event for a batch")
}

// A store that is away is no fault of a record: the import ends, and can be run again.
func TestImportEnds(t *testing.T) {
	t.Parallel()
	for _, fail := range []error{fault.ErrUnavailable, context.Canceled} {
		s, m := newImport(t)
		m.fail = fail
		_, err := s.Import(t.Context(), []Record{{Username: "ann", Email: "ann@example.org"}}, false)
		require.ErrorIs(t, err, fail)
	}
}

// A million users without ids or passwords shall not cost a question each.
func TestImportAsksLittle(t *testing.T) {
	t.Parallel()
	s, m := newImport(t)
	_, err := s.Import(t.Context(), []Record{{Username: "ann", Email: "ann@example.org", PasswordHash: "hash:a"}}, false)
	require.NoError(t, err)
	require.Equal(t, 2, m.reads, "those of the store itself")
}
