package account_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

var prepareCases = map[string]struct {
	kind     account.MessageKind
	user     func(*account.User)
	emailKey string          // the message was requested for this address rather than for the user
	unknown  bool            // the user has been deleted since
	email    string          // the recipient, if not the user's address
	unneeded bool            // there is nothing to send
	purpose  account.Purpose // of the token; empty: no token
	lifetime time.Duration   // of the token
	event    audit.Action    // empty: none
}{
	"verify":                           {kind: account.MessageVerify, user: unconfirmed, purpose: account.PurposeVerify, lifetime: 48 * time.Hour},
	"verify, by address":               {kind: account.MessageVerify, user: unconfirmed, emailKey: "ann@example.org", purpose: account.PurposeVerify, lifetime: 48 * time.Hour},
	"verify, confirmed meanwhile":      {kind: account.MessageVerify, unneeded: true},
	"verify, another address":          {kind: account.MessageVerify, email: "New@example.org", purpose: account.PurposeVerify, lifetime: 48 * time.Hour},
	"verify, disabled":                 {kind: account.MessageVerify, user: func(u *account.User) { unconfirmed(u); disabled(u) }, purpose: account.PurposeVerify, lifetime: 48 * time.Hour},
	"verify, deleted":                  {kind: account.MessageVerify, unknown: true, unneeded: true},
	"verify, unknown address":          {kind: account.MessageVerify, emailKey: "bob@example.org", unneeded: true},
	"reset, requested":                 {kind: account.MessageReset, emailKey: "ann@example.org", purpose: account.PurposeReset, lifetime: time.Hour, event: audit.ResetRequested},
	"reset, forced":                    {kind: account.MessageReset, purpose: account.PurposeReset, lifetime: time.Hour},
	"reset, unconfirmed":               {kind: account.MessageReset, user: unconfirmed, emailKey: "ann@example.org", purpose: account.PurposeReset, lifetime: time.Hour, event: audit.ResetRequested},
	"reset, disabled":                  {kind: account.MessageReset, user: disabled, emailKey: "ann@example.org", unneeded: true},
	"reset, disabled for a second":     {kind: account.MessageReset, user: disabledUntil(time.Second), unneeded: true},
	"reset, disabled until now":        {kind: account.MessageReset, user: disabledUntil(0), purpose: account.PurposeReset, lifetime: time.Hour},
	"reset, unknown address":           {kind: account.MessageReset, emailKey: "bob@example.org", unneeded: true},
	"invitation":                       {kind: account.MessageInvite, purpose: account.PurposeReset, lifetime: 7 * 24 * time.Hour},
	"invitation, deleted":              {kind: account.MessageInvite, unknown: true, unneeded: true},
	"password changed":                 {kind: account.MessagePasswordChanged},
	"address changed, to the old one":  {kind: account.MessageAddressChanged, email: "old@example.org"},
	"password changed, deleted":        {kind: account.MessagePasswordChanged, unknown: true, unneeded: true},
	"password changed, while disabled": {kind: account.MessagePasswordChanged, user: disabled},
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	for name, c := range prepareCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if c.user == nil {
				c.user = func(*account.User) {}
			}
			ann := f.addUser(t, "Ann", c.user, func(u *account.User) { u.Name = "Ann A." })
			order := account.Message{Kind: c.kind, UserID: ann.ID, Email: c.email}
			if c.unknown {
				order.UserID = "6f1c2b9e-0a4d-4e57-8a36-2f9a7f2d1c11"
			}
			if c.emailKey != "" {
				order.UserID, order.EmailKey = "", c.emailKey
			}
			m, needed, err := f.Prepare(t.Context(), order)
			require.NoError(t, err)
			require.Equal(t, !c.unneeded, needed)
			if c.event == "" {
				require.Empty(t, f.events(t))
				require.Empty(t, m.Follow)
			} else {
				require.Equal(t, c.event, f.event(t).Action)
				require.Len(t, m.Follow, 1, "the webhook event")
				require.Equal(t, outbox.WebhookEvent, m.Follow[0].Kind)
			}
			if c.unneeded {
				require.Zero(t, m)
				return
			}
			if c.email == "" {
				c.email = "Ann@example.org"
			}
			require.Equal(t, c.kind, m.Kind)
			require.Equal(t, c.email, m.To)
			require.Equal(t, "Ann", m.Username)
			require.Equal(t, "Ann A.", m.Name)
			requireToken(t, f, ann, m, c.purpose, c.lifetime)
		})
	}
}

// requireToken checks what is stored of the token of a message: its hash, and no more than it needs.
func requireToken(t *testing.T, f *fixture, u account.User, m account.PreparedMessage, purpose account.Purpose, lifetime time.Duration) {
	t.Helper()
	if purpose == "" {
		require.Empty(t, m.Token)
		require.Zero(t, m.Expires)
		return
	}
	hash := sha256.Sum256([]byte(m.Token))
	stored, owner, err := f.store.OneTimeTokenByHash(t.Context(), hash[:], noon)
	require.NoError(t, err)
	require.Equal(t, u.ID, owner.ID)
	require.Equal(t, purpose, stored.Purpose)
	require.Equal(t, m.To, stored.Email)
	require.Equal(t, noon, stored.CreatedAt)
	require.Equal(t, noon.Add(lifetime), stored.ExpiresAt)
	require.Equal(t, stored.ExpiresAt, m.Expires)
}

// A message that cannot be prepared now is prepared later, so an outage is an error.
func TestPrepareOutage(t *testing.T) {
	t.Parallel()
	for method, order := range map[string]account.Message{
		"UserByID":    {Kind: account.MessageVerify, UserID: "6f1c2b9e-0a4d-4e57-8a36-2f9a7f2d1c11"},
		"UserByEmail": {Kind: account.MessageReset, EmailKey: "ann@example.org"},
		"AppendEvent": {Kind: account.MessageReset, EmailKey: "ann@example.org"},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.addUser(t, "Ann")
			f.store.fail[method] = fault.ErrUnavailable
			_, needed, err := f.Prepare(t.Context(), order)
			require.ErrorIs(t, err, fault.ErrUnavailable)
			require.False(t, needed)
		})
	}
}

// Requests for an email cost and return the same whether or not the address is known: the user is looked
// up when the email is sent.
func TestRequestMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		email   string
		wait    time.Duration
		key     string // empty: the email is not counted
		code    fault.Code
		pointer string
	}{
		"known":          {email: "ann@example.org", key: "ann@example.org"},
		"unknown":        {email: "bob@example.org", key: "bob@example.org"},
		"in other case":  {email: " ANN@Example.org\n", key: "ann@example.org"},
		"invalid":        {email: "ann", code: account.InvalidEmail, pointer: "/email"},
		"over the limit": {email: "ann@example.org", wait: time.Minute, key: "ann@example.org", code: fault.TooManyRequests},
	} {
		for kind, request := range map[account.MessageKind]func(*fixture, context.Context, string, string) error{
			account.MessageVerify: func(f *fixture, ctx context.Context, email, address string) error {
				return f.RequestVerification(ctx, email, address)
			},
			account.MessageReset: func(f *fixture, ctx context.Context, email, address string) error {
				return f.ForgotPassword(ctx, email, address)
			},
		} {
			t.Run(name+", "+string(kind), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				f.addUser(t, "Ann", unconfirmed)
				f.limits.wait["CountMessage"] = c.wait
				by := audit.Actor{Address: caller, UserAgent: "browser", RequestID: "r1"}
				requireFault(t, request(f, audit.With(t.Context(), &by), c.email, caller), c.code, c.pointer)
				require.Empty(t, f.store.reads, "the user is not looked up")
				require.Empty(t, f.events(t))
				if c.key == "" {
					require.Empty(t, f.calls)
				} else {
					require.Equal(t, []string{"message 192.0.2.1 " + c.key}, f.calls)
				}
				if c.code != "" {
					require.Empty(t, f.messages(t))
					return
				}
				require.Equal(t, []account.Message{{Kind: kind, EmailKey: c.key, RequestedBy: &by}}, f.messages(t))
			})
		}
	}
}

// The event of a requested reset tells where the request came from, although the user is looked up later.
func TestRequestedResetHasItsRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addUser(t, "Ann")
	_, _, err := f.Prepare(t.Context(), account.Message{
		Kind: account.MessageReset, EmailKey: "ann@example.org", RequestedBy: &audit.Actor{Address: caller, UserAgent: "browser", RequestID: "r1"},
	})
	require.NoError(t, err)
	event := f.event(t)
	require.Equal(t, "Ann "+caller+" browser r1", strings.Join([]string{event.Actor, event.Address, event.UserAgent, event.RequestID}, " "))
}

// What is stored of a message contains no token: reading the outbox is of no use to an attacker.
func TestMessageInTheOutbox(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]account.Message{
		`{"kind":"reset-password","email_key":"ann@example.org"}`: {Kind: account.MessageReset, EmailKey: "ann@example.org"},
		`{"kind":"verify-email","email_key":"a@b.c","requested_by":{"address":"192.0.2.1","user_agent":"browser","request_id":"r1"}}`: {
			Kind: account.MessageVerify, EmailKey: "a@b.c", RequestedBy: &audit.Actor{Address: caller, UserAgent: "browser", RequestID: "r1"},
		},
		`{"kind":"set-password","user_id":"u"}`:                              {Kind: account.MessageInvite, UserID: "u"},
		`{"kind":"address-changed","user_id":"u","email":"old@example.org"}`: {Kind: account.MessageAddressChanged, UserID: "u", Email: "old@example.org"},
	} {
		text, err := json.Marshal(m)
		require.NoError(t, err)
		require.JSONEq(t, want, string(text))
	}
}
