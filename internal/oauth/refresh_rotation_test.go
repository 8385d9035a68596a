package oauth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// What becomes of a refresh token, at every border: a function of the session, the counter and the
// time alone.
func TestJudge(t *testing.T) {
	t.Parallel()
	const grace = 30 * time.Second
	rotated := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	type session = func(*Session, *account.User)
	edits := func(all ...session) session {
		return func(s *Session, u *account.User) {
			for _, edit := range all {
				edit(s, u)
			}
		}
	}
	own := func(s *Session, u *account.User) { s.UserID, *u = "", account.User{} }
	revoked := func(s *Session, _ *account.User) { s.RevokedAt = rotated }
	repeats := func(n int) session { return func(s *Session, _ *account.User) { s.Repeats = n } }
	for name, c := range map[string]struct {
		behind int64         // counters behind the newest
		after  time.Duration // since the newest was made
		grace  time.Duration // 0: 30 s
		edit   session
		want   verdict
	}{
		"the newest":                        {want: rotate},
		"the newest, long after":            {after: time.Hour - time.Second, want: rotate},
		"the newest, by a clock behind":     {after: -time.Minute, want: rotate},
		"the one before, at once":           {behind: 1, want: repeat},
		"the one before, in time":           {behind: 1, after: grace - time.Second, want: repeat},
		"the one before, at the limit":      {behind: 1, after: grace, want: reuse},
		"the one before, too late":          {behind: 1, after: grace + time.Second, want: reuse},
		"the one before, by a clock behind": {behind: 1, after: -time.Minute, want: repeat},
		"the one before, without grace":     {behind: 1, grace: -1, want: reuse},
		"the 200th repetition":              {behind: 1, edit: repeats(maxRepeats - 1), want: repeat},
		"one repetition more":               {behind: 1, edit: repeats(maxRepeats), want: overused},
		"many, but too late":                {behind: 1, after: grace, edit: repeats(maxRepeats), want: reuse},
		"many, but the newest":              {edit: repeats(maxRepeats), want: rotate},
		"two behind, in time":               {behind: 2, want: reuse},
		"the first of many":                 {behind: 7, want: reuse},
		"ahead of what is known":            {behind: -1, want: refuse},

		"of a client for itself":        {edit: own, want: rotate},
		"revoked":                       {edit: revoked, want: refuse},
		"revoked, one behind":           {behind: 1, edit: revoked, want: refuse},
		"revoked, two behind":           {behind: 2, edit: revoked, want: refuse},
		"revoked, of a client":          {edit: edits(own, revoked), want: refuse},
		"a second before the idle end":  {after: time.Hour - time.Second, want: rotate},
		"at the idle end":               {after: time.Hour, want: refuse},
		"two behind, at the idle end":   {behind: 2, after: time.Hour, want: refuse},
		"a second before the last end":  {after: time.Hour - time.Second, edit: func(s *Session, _ *account.User) { s.IdleUntil, s.AbsoluteUntil = s.AbsoluteUntil, s.IdleUntil }, want: rotate},
		"at the last end":               {after: time.Hour, edit: func(s *Session, _ *account.User) { s.IdleUntil, s.AbsoluteUntil = s.AbsoluteUntil, s.IdleUntil }, want: refuse},
		"a disabled user":               {edit: func(_ *Session, u *account.User) { u.Active = false }, want: refuse},
		"a user of another epoch":       {edit: func(_ *Session, u *account.User) { u.Epoch++ }, want: refuse},
		"a deleted user":                {edit: func(_ *Session, u *account.User) { *u = account.User{} }, want: refuse},
		"another user":                  {edit: func(_ *Session, u *account.User) { u.ID = "v" }, want: refuse},
		"two behind, of a disabled one": {behind: 2, edit: func(_ *Session, u *account.User) { u.Active = false }, want: refuse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Session{
				UserID: "u", UserEpoch: 3, Counter: 7, RotatedAt: rotated,
				IdleUntil: rotated.Add(time.Hour), AbsoluteUntil: rotated.Add(24 * time.Hour),
			}
			u := account.User{ID: "u", Epoch: 3, Active: true}
			if c.edit != nil {
				c.edit(&s, &u)
			}
			if c.grace == 0 {
				c.grace = grace
			}
			require.Equal(t, c.want, judge(s, u, s.Counter-c.behind, rotated.Add(c.after), max(c.grace, 0)))
		})
	}
	require.Equal(t, refuse, judge(Session{}, account.User{}, 0, rotated, grace), "no session at all")
}
