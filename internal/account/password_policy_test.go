package account

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// plainPasswords stands in for the hasher: a hash is the password behind "hash:".
type plainPasswords struct{}

func (plainPasswords) Hash(_ context.Context, password string) (string, error) {
	return "hash:" + password, nil
}

func (plainPasswords) Verify(_ context.Context, hash, password string) (ok, outdated bool, err error) {
	return hash == "hash:"+password, false, nil
}

func (plainPasswords) CheckHash(hash string) error {
	if strings.HasPrefix(hash, "hash:") {
		return nil
	}
	return errors.New("of an unknown algorithm")
}

func (plainPasswords) Common(password string) bool { return strings.EqualFold(password, "common-one") }

// onlyCreates is a store that keeps the last user.
type onlyCreates struct {
	UserStore
	RoleStore
	OneTimeTokenStore
	Events
	Queue
	last User
}

func (s *onlyCreates) CreateUser(_ context.Context, u User, _ audit.Change) error {
	s.last = u
	return nil
}

func (s *onlyCreates) UserByID(context.Context, string) (User, error) { return s.last, nil }

func newService(s *onlyCreates) *Directory {
	d, err := NewDirectory(DirectoryOptions{
		Users: s, Roles: s, Tokens: s, Events: s, Queue: s, Passwords: plainPasswords{}, MinPassword: 8,
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 999, time.FixedZone("", 3600)) }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	return d
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password string
		code     fault.Code // empty: accepted
	}{
		"eight characters":           {password: "8 chars."},
		"seven characters":           {password: "7 chars", code: WeakPassword},
		"seven, though nine bytes":   {password: "ÄÖÜäöüß"[:14], code: WeakPassword},
		"eight emoji":                {password: strings.Repeat("😀", 8)},
		"eight typed as sixteen":     {password: strings.Repeat("e\u0301", 8)},
		"seven typed as fourteen":    {password: strings.Repeat("e\u0301", 7), code: WeakPassword},
		"1024 bytes":                 {password: strings.Repeat("x", 1024)},
		"1025 bytes":                 {password: strings.Repeat("x", 1025), code: fault.InvalidRequest},
		"1536 typed, 1024 in NFC":    {password: strings.Repeat("e\u0301", 512)},
		"spaces only":                {password: strings.Repeat(" ", 8)},
		"common":                     {password: "Common-One", code: WeakPassword},
		"the username":               {password: "alice-in-wonderland", code: WeakPassword},
		"the username in other case": {password: "ALICE-in-wonderland", code: WeakPassword},
		"the address":                {password: "rabbit-hole@example.com", code: WeakPassword},
		"the local part":             {password: "Rabbit-Hole", code: WeakPassword},
		"the name":                   {password: "alice liddell", code: WeakPassword},
		"the name and more":          {password: "alice liddell 1865"},
		"NUL":                        {password: "long enough\x00", code: fault.InvalidRequest},
		"bytes that are no text":     {password: "long enough\xff", code: fault.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newService(&onlyCreates{}).Create(t.Context(), NewUser{
				Username: "Alice-in-Wonderland", Email: "Rabbit-Hole@example.com", Name: "Alice Liddell", Password: c.password,
			})
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			var refused *fault.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, c.code, refused.Code)
			require.Equal(t, "/password", refused.Pointer)
		})
	}
}

func TestNewUser(t *testing.T) {
	t.Parallel()
	store := &onlyCreates{}
	u, err := newService(store).Create(t.Context(), NewUser{Username: "Alice", Email: "A@Example.com", Password: "long enough"})
	require.NoError(t, err)
	require.Equal(t, "Alice", u.Username)
	require.Equal(t, "alice", u.UsernameKey)
	require.Equal(t, "A@Example.com", u.Email)
	require.Equal(t, "a@example.com", u.EmailKey)
	require.Equal(t, []string{RoleUser}, u.Roles)
	require.True(t, u.Active)
	require.False(t, u.EmailVerified)
	require.Equal(t, time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC), u.CreatedAt, "UTC, in whole seconds")
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, u.ID)
}
