package account_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/store/storetest/memory"
)

func TestNewDirectoryNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		remove func(*account.DirectoryOptions)
		want   string // part of the error; empty: accepted
	}{
		"nothing":        {remove: func(*account.DirectoryOptions) {}},
		"users":          {func(o *account.DirectoryOptions) { o.Users = nil }, "store"},
		"roles":          {func(o *account.DirectoryOptions) { o.Roles = nil }, "store"},
		"tokens":         {func(o *account.DirectoryOptions) { o.Tokens = nil }, "store"},
		"events":         {func(o *account.DirectoryOptions) { o.Events = nil }, "store"},
		"queue":          {func(o *account.DirectoryOptions) { o.Queue = nil }, "store"},
		"passwords":      {func(o *account.DirectoryOptions) { o.Passwords = nil }, "hasher"},
		"minimum length": {func(o *account.DirectoryOptions) { o.MinPassword = 0 }, "length"},
		"clock":          {func(o *account.DirectoryOptions) { o.Now = nil }, "clock"},
		"log":            {func(o *account.DirectoryOptions) { o.Log = nil }, "log"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memory.New()
			o := account.DirectoryOptions{
				Users: s, Roles: s, Tokens: s, Events: s, Queue: s, Passwords: &hasher{}, MinPassword: 1, Now: time.Now,
				Log: slog.New(slog.DiscardHandler),
			}
			c.remove(&o)
			d, err := account.NewDirectory(o)
			if c.want != "" {
				require.Nil(t, d)
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			_, err = account.New(d, account.Options{})
			require.ErrorContains(t, err, "rate limiter")
		})
	}
	_, err := account.New(nil, account.Options{Limits: &limiter{}})
	require.ErrorContains(t, err, "directory")
}

func TestActiveAt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user account.User
		want bool
	}{
		"active":                {account.User{Active: true}, true},
		"active, with a time":   {account.User{Active: true, DisabledUntil: noon.Add(time.Hour)}, true},
		"disabled":              {account.User{}, false},
		"disabled, one second":  {account.User{DisabledUntil: noon.Add(time.Second)}, false},
		"disabled until now":    {account.User{DisabledUntil: noon}, true},
		"disabled until before": {account.User{DisabledUntil: noon.Add(-time.Second)}, true},
	} {
		require.Equal(t, c.want, c.user.ActiveAt(noon), name)
	}
}
