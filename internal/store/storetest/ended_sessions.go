package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

var endedSessionTests = tests[Database]{
	"every way to end":      endedEveryWay,
	"what ends nothing":     endedByNothing,
	"order and pages":       endedPages,
	"purge":                 endedPurge,
	"published at once":     endedPublishedAtOnce,
	"readers miss no entry": endedReadersMissNone,
}

// publishedIDs publishes all ended sessions and returns the ids of those after a position, sorted.
func publishedIDs(t *testing.T, db Database, after int64) []string {
	t.Helper()
	_, err := db.PublishEndedSessions(t.Context(), 0, 1000)
	require.NoError(t, err)
	list, err := db.EndedSessions(t.Context(), after, 1000)
	require.NoError(t, err)
	ids := []string{}
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids
}

// endedEveryWay checks that each change that ends sessions records those that it ends, and no other.
func endedEveryWay(t *testing.T, db Database) {
	later := noon.Add(time.Minute)
	position := int64(0)
	for name, end := range map[string]func(u account.User, c oauth.Client, s oauth.Session) error{
		"revoke one": func(_ account.User, _ oauth.Client, s oauth.Session) error {
			return db.RevokeSession(t.Context(), s.ID, "", oauth.EndedByReuse, later, noRecord)
		},
		"revoke all of a user": func(u account.User, _ oauth.Client, _ oauth.Session) error {
			_, err := db.RevokeSessions(t.Context(), u.ID, "", oauth.EndedByUser, later, noRecord)
			return err
		},
		"too many": func(u account.User, _ oauth.Client, _ oauth.Session) error {
			for range oauth.MaxSessions {
				mustCreateSession(t, db, u, func(s *oauth.Session) { s.LastUsedAt = noon.Add(time.Hour) })
			}
			return nil
		},
		"password": func(u account.User, _ oauth.Client, _ oauth.Session) error {
			return setPassword(t.Context(), db, u.ID, "new", "", later)
		},
		"disabled user": func(u account.User, _ oauth.Client, _ oauth.Session) error {
			return setActive(t.Context(), db, u.ID, false, later)
		},
		"deleted user": func(u account.User, _ oauth.Client, _ oauth.Session) error {
			return db.DeleteUser(t.Context(), u.ID, later, noRecord)
		},
		"disabled client": func(_ account.User, c oauth.Client, _ oauth.Session) error {
			require.NoError(t, db.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: new(false)}, later, noRecord))
			_, err := db.EndClientSessions(t.Context(), later, 100)
			return err
		},
		"disabled client, session of the same second": func(_ account.User, c oauth.Client, _ oauth.Session) error {
			return db.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: new(false)}, noon, noRecord)
		},
		"deleted client": func(_ account.User, c oauth.Client, _ oauth.Session) error {
			require.NoError(t, db.DeleteClient(t.Context(), c.ID, later, noRecord))
			_, err := db.EndClientSessions(t.Context(), later, 100)
			return err
		},
	} {
		u, c := mustCreateUser(t, db, nil), mustCreateClient(t, db)
		s := mustCreateSession(t, db, u, func(s *oauth.Session) { s.ClientID = c.ID })
		require.NoError(t, end(u, c, s), name)
		require.Equal(t, []string{s.ID}, publishedIDs(t, db, position), name)
		list, err := db.EndedSessions(t.Context(), position, 1)
		require.NoError(t, err)
		require.Equal(t, s.RotatedAt, list[0].RotatedAt, name)
		position = list[0].Position
	}
	_, err := db.RevokeAllSessions(t.Context(), oauth.EndedByAdmin, later, 1000)
	require.NoError(t, err)
	require.Len(t, publishedIDs(t, db, position), oauth.MaxSessions, "all sessions, those of the second case")
}

func endedByNothing(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	s := mustCreateSession(t, db, u, nil)
	require.NoError(t, rotate(t.Context(), db, rotation(s)))
	s = rotated(s, rotation(s))
	require.NoError(t, db.RepeatRotation(t.Context(), s.FamilyID, s.Counter))
	ended := mustCreateSession(t, db, u, nil)
	for range 2 {
		require.NoError(t, db.RevokeSession(t.Context(), ended.ID, "", oauth.EndedByUser, noon, noRecord))
	}
	require.Equal(t, []string{ended.ID}, publishedIDs(t, db, 0))
	n, err := db.PurgeSessions(t.Context(), noon.AddDate(1, 0, 0), 10)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, []string{ended.ID}, publishedIDs(t, db, 0), "an expired session is purged silently")
}

func endedPages(t *testing.T, db Database) {
	end := func(n int) {
		u := mustCreateUser(t, db, nil)
		for range n {
			mustCreateSession(t, db, u, nil)
		}
		require.Equal(t, n, mustRevokeAll(t, db, u.ID, "", oauth.EndedByUser, noon))
	}
	publish := func(after int64, limit int) int {
		n, err := db.PublishEndedSessions(t.Context(), after, limit)
		require.NoError(t, err)
		return n
	}
	read := func(after int64, limit int) []oauth.EndedSession {
		list, err := db.EndedSessions(t.Context(), after, limit)
		require.NoError(t, err)
		return list
	}
	end(5)
	require.Empty(t, read(0, 10), "not published yet")
	require.Equal(t, []int{2, 2, 1, 0}, []int{publish(100, 2), publish(100, 2), publish(100, 2), publish(100, 2)})
	all := read(0, 10)
	require.Len(t, all, 5)
	for i, e := range all {
		require.Greater(t, e.Position, int64(100))
		require.True(t, i == 0 || e.Position > all[i-1].Position)
	}
	require.Equal(t, all[2:4], read(all[1].Position, 2))
	end(1)
	require.Equal(t, 1, publish(1, 9))
	require.Greater(t, read(all[4].Position, 9)[0].Position, all[4].Position, "positions increase, whatever after is")
	end(1)
	require.Equal(t, 1, publish(1e15, 9))
	require.Len(t, read(1e15, 9), 1)
}

func endedPurge(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	for i := range 3 {
		mustCreateSession(t, db, u, func(s *oauth.Session) { s.RotatedAt = noon.Add(time.Duration(i) * time.Minute) })
	}
	mustRevokeAll(t, db, u.ID, "", oauth.EndedByUser, noon)
	require.Len(t, publishedIDs(t, db, 0), 3)
	for _, want := range []int{1, 1, 0} {
		n, err := db.PurgeEndedSessions(t.Context(), noon.Add(2*time.Minute), 1)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Len(t, publishedIDs(t, db, 0), 1)
}

// endedPublishedAtOnce checks that several replicas publish each session once.
func endedPublishedAtOnce(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	for range 40 {
		mustCreateSession(t, db, u, nil)
	}
	mustRevokeAll(t, db, u.ID, "", oauth.EndedByUser, noon)
	counts := make([]int, 8)
	for _, err := range inParallel(len(counts), func(i int) (err error) {
		counts[i], err = db.PublishEndedSessions(t.Context(), 0, 100)
		return err
	}) {
		require.NoError(t, err)
	}
	sum := 0
	for _, n := range counts {
		sum += n
	}
	require.Equal(t, 40, sum)
	require.Len(t, publishedIDs(t, db, 0), 40)
}

// endedReadersMissNone checks that a reader that asks for what comes after the last position it has seen
// gets all sessions that several users end while several replicas publish.
func endedReadersMissNone(t *testing.T, db Database) {
	const users, each = 4, 10
	var changes sync.WaitGroup
	for range users {
		u := mustCreateUser(t, db, nil)
		changes.Go(func() {
			for range each {
				s := newSession(u)
				if db.CreateSession(t.Context(), s, noRecord) != nil ||
					db.RevokeSession(t.Context(), s.ID, "", oauth.EndedByUser, noon, noRecord) != nil {
					return
				}
				_, _ = db.PublishEndedSessions(t.Context(), 0, 3)
			}
		})
	}
	done := make(chan struct{})
	go func() { changes.Wait(); close(done) }()
	seen, position := 0, int64(0)
	read := func() int {
		list, err := db.EndedSessions(t.Context(), position, 7)
		require.NoError(t, err)
		for _, e := range list {
			position = e.Position
		}
		seen += len(list)
		return len(list)
	}
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
			read()
		}
	}
	_, err := db.PublishEndedSessions(t.Context(), 0, 100)
	require.NoError(t, err)
	for read() > 0 {
	}
	require.Equal(t, users*each, seen)
}
