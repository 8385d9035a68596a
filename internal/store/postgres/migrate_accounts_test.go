package postgres

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestVersionTwoRows: a database of version 2 that holds rows goes up by one and down again, and is
// the same to the last column, index and constraint.
func TestVersionTwoRows(t *testing.T) {
	t.Parallel()
	s := openURL(t, storetest.PostgresURL(t))
	whole, known := s.steps, fstest.MapFS{}
	for _, name := range []string{"00001_init.sql", "00002_sessions.sql"} {
		text, err := fs.ReadFile(whole, name)
		require.NoError(t, err)
		known[name] = &fstest.MapFile{Data: text}
	}
	s.steps = known
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), `
		INSERT INTO users VALUES ('0190d1a0-0000-7000-8000-000000000001', 'Ann', 'ann', 'Ann@x', 'ann@x', TRUE, TRUE, 'A', 'p', 'h', 7, '2026-03-01 12:00Z', now()),
			('0190d1a0-0000-7000-8000-000000000002', 'Bob', 'bob', 'Bob@x', 'bob@x', FALSE, FALSE, '', '', '', 0, '2026-03-01 11:00Z', now());
		INSERT INTO users_to_roles SELECT u.id, r.id FROM users u, roles r;
		INSERT INTO clients VALUES ('web', 'Web', TRUE, FALSE, '{password}', '{profile}', '{a}', 60, TRUE, now(), 1, 2);
		INSERT INTO client_secrets VALUES ('web', '\x01', now(), now());
		INSERT INTO sessions VALUES ('0190d1a0-0000-7000-8000-000000000003', '\x01', NULL, 0, 'web', '{}', '', '', now(), now(), now(), now(), NULL, NULL, 3, now(), 4);
		INSERT INTO signing_keys VALUES ('k', 1, 'ES256', '\x01', '\x02', now(), now(), NULL);
		INSERT INTO throttle VALUES ('\x01', now())`)
	require.NoError(t, err)
	before := dump(t, s)

	s.steps = whole
	for range 2 {
		applied, err := s.Up(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, applied)
		users, _, err := s.ListUsers(t.Context(), account.Query{Role: account.RoleAdmin, Limit: 9})
		require.NoError(t, err)
		require.Len(t, users, 2)
		require.Equal(t, "bob", users[0].UsernameKey, "by when they were made")
		require.True(t, users[0].DisabledUntil.IsZero(), "for good, as it was")
		require.NoError(t, s.Down(t.Context()))
		require.Equal(t, before, dump(t, s))
	}
}
