package oauth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

const judgeGrace = 30 * time.Second

// rotated is when the session of these tests was last rotated.
var rotated = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// edit changes the session and the user that a test starts with.
type edit func(*Session, *account.User)

func edits(all ...edit) edit {
	return func(s *Session, u *account.User) {
		for _, edit := range all {
			edit(s, u)
		}
	}
}

func withoutUser(s *Session, u *account.User) { s.UserID, *u = "", account.User{} }
func revoked(s *Session, _ *account.User)     { s.RevokedAt = rotated }
func swapEnds(s *Session, _ *account.User) {
	s.IdleUntil, s.AbsoluteUntil = s.AbsoluteUntil, s.IdleUntil
}
func repeats(n int) edit { return func(s *Session, _ *account.User) { s.Repeats = n } }

var judgeCases = map[string]struct {
	behind int64         // how many tokens are newer
	after  time.Duration // time since the last rotation
	grace  time.Duration // 0: 30 s
	edit   edit
	want   verdict
}{
	"the newest":                                   {want: rotate},
	"the newest, an hour later":                    {after: time.Hour - time.Second, want: rotate},
	"the newest, clock behind":                     {after: -time.Minute, want: rotate},
	"the previous, at once":                        {behind: 1, want: repeat},
	"the previous, in the grace period":            {behind: 1, after: judgeGrace - time.Second, want: repeat},
	"the previous, at the end of the grace period": {behind: 1, after: judgeGrace, want: reuse},
	"the previous, too late":                       {behind: 1, after: judgeGrace + time.Second, want: reuse},
	"the previous, clock behind":                   {behind: 1, after: -time.Minute, want: repeat},
	"the previous, no grace period":                {behind: 1, grace: -1, want: reuse},
	"the 200th repetition":                         {behind: 1, edit: repeats(maxRepeats - 1), want: repeat},
	"the 201st repetition":                         {behind: 1, edit: repeats(maxRepeats), want: overused},
	"many repetitions, too late":                   {behind: 1, after: judgeGrace, edit: repeats(maxRepeats), want: reuse},
	"many repetitions, the newest":                 {edit: repeats(maxRepeats), want: rotate},
	"two older, in the grace period":               {behind: 2, want: reuse},
	"the first token":                              {behind: 7, want: reuse},
	"newer than the newest":                        {behind: -1, want: refuse},

	"a client that acts for itself":          {edit: withoutUser, want: rotate},
	"revoked":                                {edit: revoked, want: refuse},
	"revoked, the previous":                  {behind: 1, edit: revoked, want: refuse},
	"revoked, two older":                     {behind: 2, edit: revoked, want: refuse},
	"revoked, a client that acts for itself": {edit: edits(withoutUser, revoked), want: refuse},
	"a second before the idle end":           {after: time.Hour - time.Second, want: rotate},
	"at the idle end":                        {after: time.Hour, want: refuse},
	"two older, at the idle end":             {behind: 2, after: time.Hour, want: refuse},
	"a second before the absolute end":       {after: time.Hour - time.Second, edit: swapEnds, want: rotate},
	"at the absolute end":                    {after: time.Hour, edit: swapEnds, want: refuse},
	"a disabled user":                        {edit: func(_ *Session, u *account.User) { u.Active = false }, want: refuse},
	"a user of another epoch":                {edit: func(_ *Session, u *account.User) { u.Epoch++ }, want: refuse},
	"a deleted user":                         {edit: func(_ *Session, u *account.User) { *u = account.User{} }, want: refuse},
	"another user":                           {edit: func(_ *Session, u *account.User) { u.ID = "v" }, want: refuse},
	"two older, a disabled user":             {behind: 2, edit: func(_ *Session, u *account.User) { u.Active = false }, want: refuse},
}

// TestJudge checks the verdict on a refresh token on both sides of every limit. It depends only on the
// session, the counter and the time.
func TestJudge(t *testing.T) {
	t.Parallel()
	for name, c := range judgeCases {
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
				c.grace = judgeGrace
			}
			require.Equal(t, c.want, judge(s, u, s.Counter-c.behind, rotated.Add(c.after), max(c.grace, 0)))
		})
	}
	require.Equal(t, refuse, judge(Session{}, account.User{}, 0, rotated, judgeGrace), "no session at all")
}
