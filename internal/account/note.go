package account

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// LetterKind says what a letter is about.
type LetterKind string

// The letters.
const (
	LetterVerify   LetterKind = "verify-email"     // confirm the address of an account
	LetterReset    LetterKind = "reset-password"   // set a new password
	LetterInvite   LetterKind = "set-password"     // set the first password
	LetterPassword LetterKind = "password-changed" // the password was changed
	LetterAddress  LetterKind = "address-changed"  // to the old address: a new one was asked for
)

// Letter orders a letter. It holds no token: Prepare makes one when the letter is sent, so that the
// outbox is of no use to whoever reads it. Asked by address, the user is looked up then, so that
// asking costs the same for everybody.
type Letter struct {
	Kind     LetterKind `json:"kind"`
	UserID   string     `json:"user_id,omitempty"`
	EmailKey string     `json:"email_key,omitempty"` // instead of UserID
	Email    string     `json:"email,omitempty"`     // where to, if not to the user's address
}

// Notice is what hooks are told of a user.
type Notice struct {
	Type      audit.Action `json:"type"`
	Timestamp time.Time    `json:"timestamp"`
	Data      NoticeData   `json:"data"`
}

// NoticeData says who it is about.
type NoticeData struct {
	UserID   string `json:"user_id"`
	Username string `json:"username"`
	Email    string `json:"email"`
	Role     string `json:"role,omitempty"`
}

// note is what is kept of a change to a user: the event, the notice for hooks, and letters.
func (s *Service) note(ctx context.Context, action audit.Action, u User, letters ...Letter) audit.Note {
	return NewNote(ctx, s.now(), action, u, letters...)
}

// NewNote is what is kept of a change to a user: the event, the notice for hooks, and letters.
func NewNote(ctx context.Context, now time.Time, action audit.Action, u User, letters ...Letter) audit.Note {
	id := NewOrderedID(now)
	now = now.UTC().Truncate(time.Second)
	event := audit.New(ctx, id, now, action, u.Username, u.ID)
	if event.Actor == "" { // nobody is signed in: the user acts for himself
		event.Actor, event.ActorID = u.Username, u.ID
	}
	notice := Notice{
		Type: action, Timestamp: now,
		Data: NoticeData{UserID: u.ID, Username: u.Username, Email: u.Email},
	}
	n := audit.Note{Event: event, Jobs: []outbox.Job{outbox.New(NewID(), outbox.Notice, notice, now)}}
	for _, letter := range letters {
		n.Jobs = append(n.Jobs, outbox.New(NewID(), outbox.Letter, letter, now))
	}
	return n
}

// roleNote is note for a role that is given or taken.
func (s *Service) roleNote(ctx context.Context, action audit.Action, u User, role string) audit.Note {
	now := s.second()
	notice := Notice{
		Type: action, Timestamp: now,
		Data: NoticeData{UserID: u.ID, Username: u.Username, Email: u.Email, Role: role},
	}
	return audit.Note{
		Event: audit.New(ctx, NewOrderedID(s.now()), now, action, u.Username, u.ID).Because(role),
		Jobs:  []outbox.Job{outbox.New(NewID(), outbox.Notice, notice, now)},
	}
}
