package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// MessageKind is what an email is about. It names the email's template.
type MessageKind string

// The kinds of email.
const (
	MessageVerify          MessageKind = "verify-email"     // confirm an email address
	MessageReset           MessageKind = "reset-password"   // set a new password
	MessageInvite          MessageKind = "set-password"     // set the first password
	MessagePasswordChanged MessageKind = "password-changed" // the password was changed
	MessageAddressChanged  MessageKind = "address-changed"  // to the old address: a new one was requested
)

// Message is an email to be sent. It contains no token: Prepare creates one when the email is sent, so
// that reading the outbox is of no use to an attacker. When it is requested for an email address, the
// user is looked up only then, so that a request costs the same for every address.
type Message struct {
	Kind     MessageKind `json:"kind"`
	UserID   string      `json:"user_id,omitempty"`
	EmailKey string      `json:"email_key,omitempty"` // instead of UserID
	Email    string      `json:"email,omitempty"`     // the recipient, if not the user's address

	RequestedBy *audit.Actor `json:"requested_by,omitempty"` // with EmailKey, for the audit log
}

// PreparedMessage is a message ready to be rendered and sent.
type PreparedMessage struct {
	Kind     MessageKind
	To       string
	Username string
	Name     string
	Token    string       // empty if the message needs none
	Expires  time.Time    // of the token
	Follow   []outbox.Job // webhook events to send once the email has been sent
}

// RequestVerification requests the confirmation email again. It costs and returns the same whether or
// not the address is known: nil, invalid_email or too_many_requests.
func (s *Service) RequestVerification(ctx context.Context, email, address string) error {
	return s.requestMessage(ctx, MessageVerify, email, address)
}

// ForgotPassword requests an email with a link to set a new password, at the same cost and with the
// same errors as RequestVerification.
func (s *Service) ForgotPassword(ctx context.Context, email, address string) error {
	return s.requestMessage(ctx, MessageReset, email, address)
}

func (s *Service) requestMessage(ctx context.Context, kind MessageKind, email, address string) error {
	key, err := emailKey(strings.TrimSpace(email))
	if err != nil {
		return err
	}
	if err := s.countMessage(ctx, address, key); err != nil {
		return err
	}
	by := audit.By(ctx)
	m := Message{Kind: kind, EmailKey: key, RequestedBy: &by}
	return s.queue.Enqueue(ctx, outbox.New(uuid.NewString(), outbox.Email, m, s.now()))
}

// countMessage counts an email requested by a caller at address.
func (s *Service) countMessage(ctx context.Context, address, key string) error {
	wait, err := s.limits.CountMessage(ctx, address, key)
	if err != nil {
		return err
	}
	if wait > 0 {
		return fault.Denied(fault.LimitEmail, wait)
	}
	return nil
}

// Prepare makes a message ready to be sent, with a new token if it needs one. needed is false when
// there is nothing to send: no such user, or nothing to confirm.
func (d *Directory) Prepare(ctx context.Context, order Message) (m PreparedMessage, needed bool, err error) {
	u, err := d.recipient(ctx, order)
	if errors.Is(err, fault.ErrNotFound) {
		return PreparedMessage{}, false, nil
	}
	if err != nil {
		return PreparedMessage{}, false, err
	}
	m = PreparedMessage{Kind: order.Kind, To: u.Email, Username: u.Username, Name: u.Name}
	if order.Email != "" {
		m.To = order.Email
	}
	switch order.Kind {
	case MessageVerify:
		if u.EmailVerified && m.To == u.Email {
			return PreparedMessage{}, false, nil
		}
		err = d.putToken(ctx, &m, u, PurposeVerify, verifyLifetime)
	case MessageReset:
		if !u.ActiveAt(d.now()) {
			return PreparedMessage{}, false, nil
		}
		if err = d.recordReset(ctx, &m, order, u); err == nil {
			err = d.putToken(ctx, &m, u, PurposeReset, resetLifetime)
		}
	case MessageInvite:
		err = d.putToken(ctx, &m, u, PurposeReset, inviteLifetime)
	case MessagePasswordChanged, MessageAddressChanged:
	}
	return m, err == nil, err
}

// recordReset records that a user requested a reset, now that the user is known. A reset forced by an
// administrator was recorded with that change.
func (d *Directory) recordReset(ctx context.Context, m *PreparedMessage, order Message, u User) error {
	if order.UserID != "" {
		return nil
	}
	if order.RequestedBy != nil {
		ctx = audit.With(ctx, order.RequestedBy)
	}
	c := d.change(ctx, audit.ResetRequested, u)
	m.Follow = c.Jobs
	return d.events.AppendEvent(ctx, c.Event)
}

func (d *Directory) recipient(ctx context.Context, order Message) (User, error) {
	if order.UserID != "" {
		return d.users.UserByID(ctx, order.UserID)
	}
	return d.users.UserByEmail(ctx, order.EmailKey)
}
