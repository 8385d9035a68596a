package oauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// sessionIDs returns the ids of a user's live sessions, last used first.
func (f *fixture) sessionIDs(t *testing.T, userID string) []string {
	t.Helper()
	sessions, err := f.UserSessions(t.Context(), userID)
	require.NoError(t, err)
	ids := []string{}
	for _, s := range sessions {
		ids = append(ids, s.ID)
	}
	return ids
}

// threeSessions starts three sessions, one a minute, and returns their ids, the newest first.
func threeSessions(t *testing.T, f *fixture) []string {
	t.Helper()
	for range 3 {
		f.now = f.now.Add(time.Minute)
		f.signIn(t, f.user, noClient)
	}
	ids := f.sessionIDs(t, f.user.ID)
	require.Len(t, ids, 3)
	return ids
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.addUser(t)
	ids := threeSessions(t, f)
	for name, c := range map[string]struct{ user, session string }{
		"of another user": {other.ID, ids[0]},
		"unknown":         {f.user.ID, uuid.NewString()},
		"not a UUID":      {f.user.ID, "x"},
	} {
		require.ErrorIs(t, f.EndSession(t.Context(), c.user, c.session), fault.ErrNotFound, name)
	}
	require.Equal(t, ids, f.sessionIDs(t, f.user.ID), "no session has ended")

	ctx := audit.With(t.Context(), &audit.Actor{Name: "ann", ID: f.user.ID})
	require.NoError(t, f.EndSession(ctx, f.user.ID, ids[1]))
	require.Equal(t, []string{ids[0], ids[2]}, f.sessionIDs(t, f.user.ID))
	event := f.lastEvent(t)
	require.Equal(t, audit.SessionEnded, event.Action)
	require.Equal(t, ids[1], event.TargetID)
	require.Equal(t, oauth.EndedByUser, event.Reason)
	require.Equal(t, "ann", event.Actor)

	f.now = f.now.Add(time.Minute)
	require.NoError(t, f.EndSession(ctx, f.user.ID, ids[1]), "ending a session twice is no error")
	require.Equal(t, event, f.lastEvent(t), "and is recorded once")
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ keep, reason string }{
		"all but one": {keep: "newest", reason: oauth.EndedByUser},
		"all":         {reason: oauth.EndedByAdmin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			bystander := f.addUser(t)
			f.signIn(t, bystander, noClient)
			ids := threeSessions(t, f)
			want := []string{}
			if c.keep != "" {
				c.keep = ids[0]
				want = ids[:1]
			}
			require.NoError(t, f.EndSessions(t.Context(), f.user.ID, c.keep, c.reason))
			require.Equal(t, want, f.sessionIDs(t, f.user.ID))
			require.Len(t, f.sessionIDs(t, bystander.ID), 1)
			event := f.lastEvent(t)
			require.Equal(t, audit.SessionsEnded, event.Action)
			require.Equal(t, f.user.ID, event.TargetID)
			require.Equal(t, c.reason, event.Reason)
		})
	}
}

// A new session beyond the limit ends the one used longest ago.
func TestMaxSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.signIn(t, f.user, noClient)
	for range oauth.MaxSessions {
		f.now = f.now.Add(time.Second)
		f.signIn(t, f.user, noClient)
	}
	require.Len(t, f.sessionIDs(t, f.user.ID), oauth.MaxSessions)
	_, err := f.refresh(t, first.RefreshToken, noClient)
	require.ErrorIs(t, err, oauth.ErrRefresh)
}

// Ended sessions are stored for a day.
func TestPurgeSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := threeSessions(t, f)
	ended := f.now
	require.NoError(t, f.EndSession(t.Context(), f.user.ID, ids[0]))
	require.NoError(t, f.EndSession(t.Context(), f.user.ID, ids[1]))
	purge := func(limit int) int {
		n, err := f.PurgeSessions(t.Context(), limit)
		require.NoError(t, err)
		return n
	}
	f.now = ended.Add(24*time.Hour - modelIdle - time.Minute)
	require.Equal(t, 0, purge(10))
	f.now = ended.Add(24*time.Hour + time.Second)
	require.Equal(t, 1, purge(1), "at most as many as the limit")
	require.Equal(t, 1, purge(10))
	f.now = ended.Add(modelIdle + 24*time.Hour + time.Second)
	require.Equal(t, 1, purge(10), "the session that was not used")
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := oauth.NewSessionManager(nil, time.Now)
	require.ErrorContains(t, err, "store")
	_, err = oauth.NewClientRegistry(nil, nil, time.Now)
	require.ErrorContains(t, err, "store")
	_, err = oauth.NewEndedSessions(nil, time.Now)
	require.ErrorContains(t, err, "store")
	_, err = oauth.New(oauth.Options{})
	require.Error(t, err)
}

// An ended session leaves the list of ended sessions when its access tokens have expired, so their lifetime is
// bounded.
func TestNewRefusesTokensThatOutliveTheListOfEndedSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ttl, grace time.Duration
		outlives   bool
	}{
		{ttl: keyring.MaxLifetime, grace: 2 * time.Minute},
		{ttl: keyring.MaxLifetime + 1, outlives: true},
		{ttl: keyring.MaxLifetime, grace: 2*time.Minute + 1, outlives: true},
	} {
		_, err := oauth.New(oauth.Options{Settings: oauth.Settings{
			Issuer: "https://auth.example", Audience: []string{"https://auth.example"}, AccessTTL: c.ttl, RefreshGrace: c.grace,
			SessionIdle: time.Hour, SessionMax: time.Hour,
		}})
		require.Error(t, err)
		require.Equal(t, c.outlives, strings.Contains(err.Error(), "outlive"))
	}
}
