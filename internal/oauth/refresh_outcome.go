package oauth

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Outcomes are the outcomes of a refresh, as Options.Refreshed gets them.
var Outcomes = []string{outcomeRefused, "rotated", "repeated", "limited", "reused", outcomeFailed}

const (
	outcomeRefused = "refused" // the token does not work, or not any more
	outcomeFailed  = "failed"  // the store or the signature failed
)

// observeRefresh reports the outcome of a verdict. It does not report failures, which observeRefreshFailure does, nor a
// refresh that lost a race, which is judged again.
func (s *Service) observeRefresh(v verdict, err error) {
	if err == nil || v == overused || errors.Is(err, ErrRefresh) {
		s.refreshed(Outcomes[v])
	}
}

// observeRefreshFailure reports a refresh that failed in any of its steps. A request that the caller has given up is no
// failure.
func (s *Service) observeRefreshFailure(grantType string, err error) {
	if err == nil || grantType != GrantRefresh || errors.Is(err, context.Canceled) {
		return
	}
	if errors.Is(err, fault.ErrUnavailable) || !errors.As(err, new(*fault.Error)) {
		s.refreshed(outcomeFailed)
	}
}
