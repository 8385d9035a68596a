package account_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// crowded is a store in which the first usernames that are offered are taken.
type crowded struct {
	account.UserStore
	account.RoleStore
	account.OneTimeTokenStore
	account.Events
	account.Queue

	taken   int // of the usernames that are still to be offered
	offered []string
	events  []string // the targets of the events
	user    account.User
}

func (s *crowded) CreateUser(_ context.Context, u account.User, c audit.Change) error {
	s.offered = append(s.offered, u.Username)
	if s.taken > 0 {
		s.taken--
		return account.ErrUsernameTaken
	}
	s.user, s.events = u, append(s.events, c.Event.Target)
	return nil
}

func (s *crowded) UserByID(context.Context, string) (account.User, error) { return s.user, nil }

func newDirectory(t *testing.T, s *crowded) *account.Directory {
	t.Helper()
	d, err := account.NewDirectory(account.DirectoryOptions{
		Users: s, Roles: s, Tokens: s, Events: s, Queue: s, Passwords: struct{ account.Passwords }{}, MinPassword: 8,
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return d
}

// A user without a username gets a random one. A taken one is replaced by another, and the event names
// the one that was stored.
func TestGeneratedUsername(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]int{"free": 0, "taken once": 1, "taken five times": 5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &crowded{taken: taken}
			u, err := newDirectory(t, s).Create(t.Context(), account.NewUser{Email: "carol@example.com"})
			require.NoError(t, err)
			require.Regexp(t, `^user-[a-z]{8}$`, u.Username)
			require.Equal(t, u.Username, u.UsernameKey)
			require.Len(t, s.offered, taken+1)
			require.Equal(t, []string{u.Username}, s.events)
			distinct := map[string]bool{}
			for _, offered := range s.offered {
				distinct[offered] = true
			}
			require.Len(t, distinct, taken+1)
		})
	}
}

// A store in which every username is taken ends the attempts. A username that the user chose is not
// replaced.
func TestGeneratedUsernameEnds(t *testing.T) {
	t.Parallel()
	s := &crowded{taken: 1000}
	_, err := newDirectory(t, s).Create(t.Context(), account.NewUser{Email: "carol@example.com"})
	require.ErrorIs(t, err, account.ErrUsernameTaken)
	require.Len(t, s.offered, 6)

	s = &crowded{taken: 1}
	_, err = newDirectory(t, s).Create(t.Context(), account.NewUser{Username: "carol", Email: "carol@example.com"})
	require.ErrorIs(t, err, account.ErrUsernameTaken)
	require.Equal(t, []string{"carol"}, s.offered)
}
