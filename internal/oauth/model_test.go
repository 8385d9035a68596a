package oauth_test

import (
	"slices"
	"time"
)

// The lives of the model's world: short, so that a few steps of the clock reach every end.
const (
	modelGrace = 30 * time.Second
	modelIdle  = time.Hour
	modelMax   = 6 * time.Hour
	modelTTL   = 5 * time.Minute
)

// model is what sessions are meant to be, in as few words as possible: no counters, no MACs, no
// epochs and no SQL.
type model struct {
	now      time.Time
	users    map[string]*modelUser
	clients  map[string]*modelClient // the built-in one is ""
	sessions []*modelSession
}

type modelUser struct {
	active    bool
	moderator bool
}

type modelClient struct {
	public bool
	active bool
}

type modelSession struct {
	id, user, client string
	scopes           []string  // that were granted
	tokens           []string  // all refresh tokens, the newest last
	rotated          time.Time // when the newest was made
	idle, end        time.Time
	dead             bool
	access           string // the last access token
	accessEnd        time.Time
	accessScopes     []string
}

func (u *modelUser) scopes() []string {
	if u.moderator {
		return []string{"profile", "users:read"}
	}
	return []string{"profile"}
}

func (m *model) alive(s *modelSession) bool {
	return !s.dead && m.now.Before(s.idle) && m.now.Before(s.end)
}

// kill ends all sessions that fit.
func (m *model) kill(fits func(*modelSession) bool) {
	for _, s := range m.sessions {
		s.dead = s.dead || fits(s)
	}
}

// use says what becomes of a token that is so many behind the newest, presented by a client ("none"
// for nobody in particular) who asks for scopes: an error code, "rotated" or "repeated".
func (m *model) use(s *modelSession, behind int, by string, asked []string) (outcome string, scopes []string) {
	if by == "none" && !m.alive(s) {
		return "invalid_grant", nil
	}
	if by == "none" {
		if by = s.client; !m.clients[by].public {
			return "invalid_client", nil
		}
	}
	scopes = both(s.scopes, m.users[s.user].scopes())
	inTime := behind == 0 || behind == 1 && m.now.Sub(s.rotated) < modelGrace
	switch {
	case !m.clients[by].active:
		return "invalid_client", nil
	case by != s.client || !m.alive(s):
		return "invalid_grant", nil
	case !inTime:
		s.dead = true
		return "invalid_grant", nil
	case len(both(asked, scopes)) < len(asked):
		return "invalid_scope", nil
	case len(asked) > 0:
		scopes = asked
	}
	if behind == 1 {
		return "repeated", scopes
	}
	s.rotated, s.idle = m.now, m.now.Add(modelIdle)
	return "rotated", scopes
}

// both gives what two lists share, in the order of the first.
func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}
