package storetest

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// manySessions is how many sessions are ended; `make scale` sets 150,000, which PostgreSQL cannot change
// within its default statement timeout of two seconds.
var manySessions = flag.Int("store.sessions", 10_000, "sessions of the client that is disabled")

// DisableWithManySessions disables a client with very many live sessions. All of them have ended at once;
// writing that into them is done in batches, which may stop at any time. insert returns SQL that inserts
// n sessions like the one with an id.
func DisableWithManySessions(t *testing.T, db Database, insert func(n int, like string) string) {
	t.Helper()
	ctx, c, u := t.Context(), mustCreateClient(t, db), mustCreateUser(t, db, nil)
	first := mustCreateSession(t, db, u, func(s *oauth.Session) { s.ClientID = c.ID })
	others := mustCreateSession(t, db, u, nil)
	db.Exec(t, insert(*manySessions-1, first.ID))

	later, begin := noon.Add(time.Minute), time.Now()
	require.NoError(t, db.UpdateClient(ctx, c.ID, oauth.ClientPatch{Active: new(false)}, later, noRecord))
	t.Logf("disabled with %d sessions in %v", *manySessions, time.Since(begin))
	requireSession(t, db, revoked(first, later, oauth.EndedByClient))
	_, _, err := db.RotateSession(ctx, rotation(first))
	require.ErrorIs(t, err, fault.ErrNotFound)

	batch := *manySessions / 30
	begin = time.Now()
	for range 15 { // half of them, then the service stops
		n, err := db.EndClientSessions(ctx, later, batch)
		require.NoError(t, err)
		require.Equal(t, batch, n)
	}
	require.NoError(t, db.UpdateClient(ctx, c.ID, oauth.ClientPatch{Active: new(true)}, later, noRecord))
	fresh := mustCreateSession(t, db, u, func(s *oauth.Session) { s.ClientID, s.CreatedAt = c.ID, later })
	ended := 15 * batch
	for n := batch; n == batch; {
		n, err = db.EndClientSessions(ctx, later.Add(time.Hour), batch)
		require.NoError(t, err)
		ended += n
	}
	t.Logf("ended in %v", time.Since(begin))
	require.Equal(t, *manySessions, ended)
	requireSession(t, db, revoked(first, later, oauth.EndedByClient))
	requireSession(t, db, fresh, "a session after the client was enabled again")
	requireSession(t, db, others, "a session of another client")
}

// clientEndedRetention checks that a sign-in that began before its client was disabled cannot leave a
// live session behind, and that a client with the same id later can have sessions.
func clientEndedRetention(t *testing.T, db Database) {
	ctx, c, u := t.Context(), mustCreateClient(t, db), mustCreateUser(t, db, nil)
	later := noon.Add(time.Minute)
	ofClient := func(at time.Time) oauth.Session {
		return mustCreateSession(t, db, u, func(s *oauth.Session) { s.ClientID, s.CreatedAt = c.ID, at })
	}
	require.NoError(t, db.DeleteClient(ctx, c.ID, later, noRecord))
	_, err := db.EndClientSessions(ctx, later.Add(time.Second), 10)
	require.NoError(t, err)
	late := ofClient(noon)
	requireSession(t, db, revoked(late, later, oauth.EndedByClient))
	n, err := db.EndClientSessions(ctx, later.Add(2*time.Minute), 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	requireSession(t, db, revoked(late, later, oauth.EndedByClient))
	requireSession(t, db, ofClient(noon), "after the retention the client is no longer remembered")
}

// copiedFields are the columns of a session that its copies share.
const copiedFields = `user_id, user_epoch, client_id, scopes, address, user_agent, created_at, last_used_at, idle_until,
	absolute_until, revoked_at, revoked_reason, counter, rotated_at, repeats`

// PostgresSessions returns SQL that inserts n sessions like the one with an id.
func PostgresSessions(n int, like string) string {
	return fmt.Sprintf(`BEGIN; SET LOCAL statement_timeout = '60s'; INSERT INTO sessions (id, family_id, `+copiedFields+`)
		SELECT gen_random_uuid(), decode(md5(g::text), 'hex'), `+copiedFields+`
		FROM sessions, generate_series(1, %d) AS g WHERE id = '%s'; COMMIT`, n, like)
}

// SQLiteSessions is PostgresSessions for SQLite.
func SQLiteSessions(n int, like string) string {
	return fmt.Sprintf(`WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < %d)
		INSERT INTO sessions (id, family_id, `+copiedFields+`)
		SELECT printf('00000000-0000-4000-8000-%%012x', n), randomblob(16), `+copiedFields+`
		FROM sessions, g WHERE id = '%s'`, n, like)
}
