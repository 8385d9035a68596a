package oauth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// revocations reads a page of the list of ended sessions, with wait in real time.
func (f *fixture) revocations(t *testing.T, after string, wait time.Duration) oauth.Revocations {
	t.Helper()
	text, err := f.Revocations(t.Context(), after, wait)
	require.NoError(t, err)
	var list oauth.Revocations
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	return list
}

func (f *fixture) refreshList(t *testing.T) {
	t.Helper()
	require.NoError(t, f.RefreshRevocations(t.Context()))
}

// A session that ends is on the list until its access tokens have expired, whatever their lifetime was.
func TestRevocations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.Revocations(t.Context(), "", 0)
	require.ErrorIs(t, err, fault.ErrUnavailable, "the list has not been read yet")
	f.refreshList(t)
	empty := f.revocations(t, "", 0)
	require.Equal(t, oauth.Revocations{
		Issuer: "https://auth.example", IssuedAt: noon, ExpiresAt: noon.Add(2 * time.Minute), AsOf: noon,
		Cursor: "0", Ended: map[string]time.Time{},
	}, empty)

	f.signIn(t, f.user, noClient)
	sid := f.sessionIDs(t, f.user.ID)[0]
	issued := f.now
	f.now = f.now.Add(10 * time.Minute)
	require.NoError(t, f.EndSession(t.Context(), f.user.ID, sid))
	f.refreshList(t)
	first := f.revocations(t, "0", 0)
	expires := issued.Add(time.Hour + 2*time.Minute)
	require.Equal(t, map[string]time.Time{sid: expires}, first.Ended)
	require.Equal(t, "0", first.After)
	next := f.revocations(t, first.Cursor, 0)
	require.Empty(t, next.Ended)
	require.Equal(t, first.Cursor, next.Cursor)

	f.now = expires
	f.refreshList(t)
	require.Empty(t, f.revocations(t, "", 0).Ended)
	for _, want := range []int{0, 1} {
		n, err := f.PurgeRevocations(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, want, n)
		f.now = f.now.Add(time.Second)
	}
}

// A session without an access token that can be valid is not listed.
func TestRevocationsOfIdleSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.signIn(t, f.user, noClient)
	f.now = f.now.Add(2 * time.Hour)
	f.signIn(t, f.user, noClient)
	newest := f.sessionIDs(t, f.user.ID)[0]
	require.NoError(t, f.EndSessions(t.Context(), f.user.ID, "", oauth.EndedByAdmin))
	f.refreshList(t)
	require.Len(t, f.revocations(t, "", 0).Ended, 1)
	require.Contains(t, f.revocations(t, "", 0).Ended, newest)
}

// A page has a thousand sessions, and the last one says that there is no more.
func TestRevocationPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	list, err := oauth.NewEndedSessions(manyEnded(2500), func() time.Time { return noon })
	require.NoError(t, err)
	require.NoError(t, list.Refresh(t.Context()))
	f.SetEnded(list)
	seen, cursor := map[string]bool{}, ""
	for _, want := range []int{1000, 1000, 500} {
		page := f.revocations(t, cursor, 0)
		require.Len(t, page.Ended, want)
		require.Equal(t, want == 1000, page.More)
		for sid := range page.Ended {
			seen[sid] = true
		}
		cursor = page.Cursor
	}
	require.Len(t, seen, 2500)
}

// manyEnded is a store with a number of published sessions.
type manyEnded int

func (manyEnded) PublishEndedSessions(context.Context, int64, int) (int, error) { return 0, nil }
func (manyEnded) PurgeEndedSessions(context.Context, time.Time, int) (int, error) {
	return 0, nil
}

func (n manyEnded) EndedSessions(_ context.Context, after int64, limit int) ([]oauth.EndedSession, error) {
	list := []oauth.EndedSession{}
	for i := after + 1; i <= int64(n) && len(list) < limit; i++ {
		list = append(list, oauth.EndedSession{ID: fmt.Sprint(i), RotatedAt: noon, Position: i})
	}
	return list, nil
}

// A caller that waits gets the response as soon as the list grows, or when it stops waiting.
func TestRevocationsWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.refreshList(t)
	require.Empty(t, f.revocations(t, "", 10*time.Millisecond).Ended)

	f.signIn(t, f.user, noClient)
	sid := f.sessionIDs(t, f.user.ID)[0]
	got := make(chan string, 1)
	go func() {
		text, _ := f.Revocations(context.Background(), "0", oauth.MaxRevocationsWait)
		got <- text
	}()
	require.NoError(t, f.EndSession(t.Context(), f.user.ID, sid))
	f.refreshList(t)
	require.Contains(t, <-got, sid)

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		text, _ := f.Revocations(ctx, f.cursor(), oauth.MaxRevocationsWait)
		got <- text
	}()
	cancel()
	require.Contains(t, <-got, `"Ended":{}`)
}

// cursor returns one after every session that has ended.
func (*fixture) cursor() string { return "9000000000000000000" }

// Too many callers that wait get what there is at once.
func TestRevocationsWaitIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.refreshList(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range oauth.MaxWaiting {
		go func() { _, _ = f.Revocations(ctx, "", oauth.MaxRevocationsWait) }()
	}
	require.Eventually(t, func() bool { return f.Waiting() == oauth.MaxWaiting }, 10*time.Second, time.Millisecond)
	require.Empty(t, f.revocations(t, "", oauth.MaxRevocationsWait).Ended)
	cancel()
	require.Eventually(t, func() bool { return f.Waiting() == 0 }, 10*time.Second, time.Millisecond)
}

// Callers that do not wait, or have waited long enough, do not count as those that wait.
func TestRevocationsWaitEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.refreshList(t)
	for _, wait := range []time.Duration{0, time.Millisecond} {
		require.Empty(t, f.revocations(t, "", wait).Ended)
		require.Zero(t, f.Waiting(), wait)
	}
}

func TestRevocationsBadRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.refreshList(t)
	for _, after := range []string{"-1", "x", "+1", "01", "1.0", " 1", "99999999999999999999"} {
		_, err := f.Revocations(t.Context(), after, 0)
		requireFault(t, err, fault.InvalidRequest, "")
	}
	for _, wait := range []time.Duration{-1, oauth.MaxRevocationsWait + 1} {
		_, err := f.Revocations(t.Context(), "", wait)
		requireFault(t, err, fault.InvalidRequest, "")
	}
}

// While the store is away, the list remains, and says how old it is.
func TestRevocationsDuringAnOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.signIn(t, f.user, noClient)
	ids := f.sessionIDs(t, f.user.ID)
	require.NoError(t, f.EndSession(t.Context(), f.user.ID, ids[0]))
	f.refreshList(t)
	f.now = f.now.Add(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, f.RefreshRevocations(ctx))
	got := f.revocations(t, "", 0)
	require.True(t, slices.Contains(ids, keyOf(got.Ended)))
	require.Equal(t, noon, got.AsOf)
	require.Equal(t, noon.Add(time.Minute), got.IssuedAt)
}

func keyOf(m map[string]time.Time) (only string) {
	for key := range m {
		only = key
	}
	return only
}
