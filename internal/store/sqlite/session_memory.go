package sqlite

import (
	"slices"
	"sync"
)

// fileVersion is the header of the WAL index. It is another one after each commit.
type fileVersion [48]byte

// maxRemembered bounds sessionMemory: they take about 5 MB.
const maxRemembered = 4096

// sessionMemory remembers sessions, with their users, for as long as nothing at all is committed. What it
// returns is as fresh as a query. It is safe for concurrent use.
type sessionMemory struct {
	index   *walIndex // nil: nothing is remembered
	mu      sync.Mutex
	version fileVersion               // of all that is known
	known   map[string]sessionAndUser // by the id of the session
}

// read returns the session with an id. It calls query if the session is not known, and remembers the result.
func (m *sessionMemory) read(id string, query func() (sessionAndUser, error)) (sessionAndUser, error) {
	version, err := m.index.version()
	if err != nil {
		return query()
	}
	if s, ok := m.find(version, id); ok {
		return s.copy(), nil
	}
	s, err := query()
	if err == nil {
		m.add(version, id, s.copy())
	}
	return s, err
}

func (m *sessionMemory) find(version fileVersion, id string) (sessionAndUser, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != version {
		return sessionAndUser{}, false
	}
	s, ok := m.known[id]
	return s, ok
}

// add remembers a session that was read after the file had the version. The session may be newer, but never
// older: then the file has another version by now, and never has this one again.
func (m *sessionMemory) add(version fileVersion, id string, s sessionAndUser) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != version || len(m.known) >= maxRemembered {
		m.version, m.known = version, map[string]sessionAndUser{}
	}
	m.known[id] = s
}

// copy returns the session in memory of its own, so that no caller can change that of another.
func (s sessionAndUser) copy() sessionAndUser {
	s.session.FamilyID, s.session.Scopes = slices.Clone(s.session.FamilyID), slices.Clone(s.session.Scopes)
	s.user.Roles, s.user.Scopes = slices.Clone(s.user.Roles), slices.Clone(s.user.Scopes)
	return s
}
