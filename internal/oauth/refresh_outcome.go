package oauth

import (
	"errors"
)

// Outcomes are the outcomes of a refresh, as Options.Refreshed gets them.
var Outcomes = []string{outcomeRefused, "rotated", "repeated", "limited", "reused", outcomeFailed}

const (
	outcomeRefused = "refused" // the token does not work, or not any more
	outcomeFailed  = "failed"  // the store or the signature failed
)

// observeRefresh reports what became of a verdict. A refresh that lost a race is judged again, so it is
// not reported.
func (s *Service) observeRefresh(v verdict, err error) {
	switch {
	case isNotFound(err):
	case err == nil, v == overused, errors.Is(err, ErrRefresh):
		s.refreshed(Outcomes[v])
	default:
		s.refreshed(outcomeFailed)
	}
}
