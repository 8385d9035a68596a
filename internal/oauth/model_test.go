package oauth_test

import (
	"slices"
	"time"
)

// The lifetimes in the model test are short, so that a few steps of the clock reach every end.
const (
	modelGrace = 30 * time.Second
	modelIdle  = time.Hour
	modelMax   = 6 * time.Hour
	modelTTL   = 5 * time.Minute
)

// model is the simplest description of how sessions behave: no counters, no MACs, no epochs and no SQL.
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
	scopes           []string  // as granted
	tokens           []string  // all refresh tokens, newest last
	rotated          time.Time // when the newest was issued
	idle, end        time.Time
	dead             bool
	access           string // the newest access token
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

// kill ends all sessions that match.
func (m *model) kill(matches func(*modelSession) bool) {
	for _, s := range m.sessions {
		s.dead = s.dead || matches(s)
	}
}

// use returns the outcome of presenting a refresh token: an error code, "rotated" or "repeated". behind is
// how many tokens are newer, by is the client, or "none" for a request that names none.
func (m *model) use(s *modelSession, behind int, by string, requested []string) (outcome string, scopes []string) {
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
	case len(both(requested, scopes)) < len(requested):
		return "invalid_scope", nil
	case len(requested) > 0:
		scopes = requested
	}
	if behind == 1 {
		return "repeated", scopes
	}
	s.rotated, s.idle = m.now, m.now.Add(modelIdle)
	return "rotated", scopes
}

// both returns the elements that both lists contain, in the order of the first.
func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}
