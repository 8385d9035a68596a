package oauth

// MaxWaiting is maxWaiting for tests.
const MaxWaiting = maxWaiting

// SetEnded replaces the list of ended sessions.
func (s *Service) SetEnded(list *EndedSessions) { s.ended = list }

// Waiting returns how many callers wait for an ended session.
func (s *Service) Waiting() int {
	s.ended.mu.Lock()
	defer s.ended.mu.Unlock()
	return s.ended.waiting
}
