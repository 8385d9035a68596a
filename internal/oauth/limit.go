package oauth

import (
	"context"
	"time"
)

// Limiter counts tries. wait is 0 when the try is allowed, else how long until the next one is.
// Tries are counted before they are made, so that many at once are no way around.
type Limiter interface {
	// BeginLogin counts a guess at a user's password, for the address and for the user.
	BeginLogin(ctx context.Context, address, user, guess string) (wait time.Duration, err error)
	// FailLogin remembers a wrong guess for a moment: clients that probe how to authenticate
	// themselves send it twice, and it counts once.
	FailLogin(user, guess string)
	// UndoLogin gives back what BeginLogin counted, when no guess was made after all.
	UndoLogin(ctx context.Context, address, user string) error
	// PassLogin forgets the user's tries and gives the address its own back.
	PassLogin(ctx context.Context, address, user string) error
	// FailClient counts a wrong client secret, for the address and the client.
	FailClient(ctx context.Context, address, client string) (wait time.Duration, err error)
}
