package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
)

var keeperTests = tests[Database]{
	"instance":            keeperInstance,
	"probe":               keeperProbe,
	"revoke all sessions": keeperRevokeAllSessions,
}

func mustInstance(t *testing.T, db Database) store.Instance {
	t.Helper()
	i, err := db.Instance(t.Context())
	require.NoError(t, err)
	return i
}

// keeperInstance checks that the id stays, and that no deletion decreases the number of changes.
func keeperInstance(t *testing.T, db Database) {
	before := mustInstance(t, db)
	require.NotEmpty(t, before.ID)
	u := mustCreateUser(t, db, nil)
	event := audit.New(t.Context(), noon, audit.UserCreated, u.Username, u.ID)
	require.NoError(t, db.AppendEvent(t.Context(), event))
	changed := mustInstance(t, db)
	require.Equal(t, before.ID, changed.ID)
	require.GreaterOrEqual(t, changed.Changes, before.Changes)

	require.NoError(t, db.DeleteUser(t.Context(), u.ID, noon, noRecord))
	_, err := db.PurgeEvents(t.Context(), noon.AddDate(1, 0, 0), 9)
	require.NoError(t, err)
	require.Equal(t, changed, mustInstance(t, db))
	_, err = db.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, changed, mustInstance(t, db), "a start keeps the id")
}

func keeperProbe(t *testing.T, db Database) {
	before := mustInstance(t, db)
	for _, err := range inParallel(8, func(int) error { return db.ProbeWrite(t.Context()) }) {
		require.NoError(t, err)
	}
	require.Equal(t, before, mustInstance(t, db))
}

func keeperRevokeAllSessions(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	for range 3 {
		mustCreateSession(t, db, u, nil)
		mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	}
	live := mustCreateSession(t, db, u, nil)
	ended := mustCreateSession(t, db, u, func(s *oauth.Session) { *s = revoked(*s, noon, oauth.EndedByReuse) })
	at := noon.Add(time.Minute)
	requireBatches(t, func(limit int) (int, error) {
		return db.RevokeAllSessions(t.Context(), oauth.EndedByAdmin, at, limit)
	})
	requireSession(t, db, revoked(live, at, oauth.EndedByAdmin))
	requireSession(t, db, ended)
}
