package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

var ownOrigin = account.Origin{SessionID: "session-1", ClientID: "web", Address: caller}

// counts are the calls for a new email address after the right password.
func counts(email string) []string { return append(succeeds[:3:3], "message 192.0.2.1 "+email) }

var updateOwnCases = map[string]struct {
	patch    account.OwnPatch
	current  string // default: rightPassword
	wait     string // method of the limiter that denies
	calls    []string
	code     fault.Code // empty: changed
	pointer  string
	action   audit.Action
	messages []account.MessageKind
}{
	"profile":                     {patch: account.OwnPatch{Name: ptr("Ann A."), Picture: ptr("https://example.org/a.png")}, action: audit.UserUpdated},
	"profile, wrong password":     {patch: account.OwnPatch{Name: ptr("Ann A.")}, current: "wrong", action: audit.UserUpdated},
	"nothing":                     {action: audit.UserUpdated},
	"password":                    {patch: account.OwnPatch{Password: ptr("a new long one")}, calls: append(succeeds[:3:3], "hash"), action: audit.PasswordChanged, messages: []account.MessageKind{account.MessagePasswordChanged}},
	"password, wrong":             {patch: account.OwnPatch{Password: ptr("a new long one")}, current: "wrong", calls: fails, code: account.WrongPassword, pointer: "/current_password"},
	"password, over the limit":    {patch: account.OwnPatch{Password: ptr("a new long one")}, wait: "CountLogin", calls: succeeds[:1], code: fault.TooManyRequests},
	"weak password":               {patch: account.OwnPatch{Password: ptr("short")}, code: account.WeakPassword, pointer: "/password"},
	"weak password, wrong":        {patch: account.OwnPatch{Password: ptr("short")}, current: "wrong", code: account.WeakPassword, pointer: "/password"},
	"email":                       {patch: account.OwnPatch{Email: ptr("New@example.org")}, calls: counts("new@example.org"), action: audit.EmailChangeAsked, messages: []account.MessageKind{account.MessageVerify, account.MessageAddressChanged}},
	"email, wrong":                {patch: account.OwnPatch{Email: ptr("new@example.org")}, current: "wrong", calls: fails, code: account.WrongPassword, pointer: "/current_password"},
	"own email in other case":     {patch: account.OwnPatch{Email: ptr("ANN@example.org")}, calls: counts("ann@example.org"), action: audit.EmailChangeAsked, messages: []account.MessageKind{account.MessageVerify, account.MessageAddressChanged}},
	"email taken":                 {patch: account.OwnPatch{Email: ptr("bob@example.org")}, calls: counts("bob@example.org"), code: account.EmailTaken, pointer: "/email"},
	"email taken, wrong":          {patch: account.OwnPatch{Email: ptr("bob@example.org")}, current: "wrong", calls: fails, code: account.WrongPassword, pointer: "/current_password"},
	"email taken, over the limit": {patch: account.OwnPatch{Email: ptr("bob@example.org")}, wait: "CountMessage", calls: counts("bob@example.org"), code: fault.TooManyRequests},
	"email, over the limit":       {patch: account.OwnPatch{Email: ptr("new@example.org")}, wait: "CountMessage", calls: counts("new@example.org"), code: fault.TooManyRequests},
	"invalid email":               {patch: account.OwnPatch{Email: ptr("new")}, code: account.InvalidEmail, pointer: "/email"},
	"invalid name":                {patch: account.OwnPatch{Name: ptr("a\nb"), Password: ptr("a new long one")}, code: fault.InvalidRequest, pointer: "/name"},
	"invalid picture":             {patch: account.OwnPatch{Picture: ptr(strings.Repeat("x", 2049))}, code: fault.InvalidRequest, pointer: "/picture"},
	"email and password": {
		patch: account.OwnPatch{Email: ptr("new@example.org"), Password: ptr("a new long one")},
		calls: append(counts("new@example.org"), "hash"), action: audit.PasswordChanged,
		messages: []account.MessageKind{account.MessageVerify, account.MessageAddressChanged, account.MessagePasswordChanged},
	},
}

// TestUpdateOwn checks what each change costs, requires and causes. Whether an email address is taken is
// not revealed before the password is right, and every answer to that question is counted.
func TestUpdateOwn(t *testing.T) {
	t.Parallel()
	for name, c := range updateOwnCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ann := f.addUser(t, "Ann")
			f.addUser(t, "Bob")
			f.limits.wait[c.wait] = time.Minute
			if c.patch.CurrentPassword = c.current; c.current == "" {
				c.patch.CurrentPassword = rightPassword
			}
			u, err := f.UpdateOwn(t.Context(), ann, ownOrigin, c.patch)
			requireFault(t, err, c.code, c.pointer)
			require.Equal(t, c.calls, f.calls)
			stored := f.user(t, ann.ID)
			if c.code != "" {
				require.Equal(t, ann, stored, "nothing is changed")
				require.Empty(t, f.messages(t))
				return
			}
			require.Equal(t, stored, u)
			require.Equal(t, c.action, f.event(t).Action)
			kinds := []account.MessageKind{}
			for _, m := range f.messages(t) {
				kinds = append(kinds, m.Kind)
			}
			require.ElementsMatch(t, c.messages, kinds)
			require.Equal(t, ann.Email, u.Email, "a new address takes effect once it is confirmed")
			require.Equal(t, c.patch.Password != nil, u.PasswordHash != ann.PasswordHash)
			require.Equal(t, c.patch.Password != nil, u.Epoch != ann.Epoch, "a new password ends the other sessions")
		})
	}
}

// The new address is asked to confirm, and the old address is informed.
func TestUpdateOwnEmailRecipients(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	_, err := f.UpdateOwn(t.Context(), ann, ownOrigin, account.OwnPatch{Email: ptr("New@example.org"), CurrentPassword: rightPassword})
	require.NoError(t, err)
	require.ElementsMatch(t, []account.Message{
		{Kind: account.MessageVerify, UserID: ann.ID, Email: "New@example.org"},
		{Kind: account.MessageAddressChanged, UserID: ann.ID, Email: "Ann@example.org"},
	}, f.messages(t))
}

func TestUpdateOwnPasswordKeepsTheSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	_, err := f.UpdateOwn(t.Context(), ann, ownOrigin, account.OwnPatch{Password: ptr("e\u0301clair au chocolat"), CurrentPassword: rightPassword})
	require.NoError(t, err)
	require.Equal(t, []account.UserPatch{{
		PasswordHash: ptr("hash:\u00e9clair au chocolat"), EndSessions: true, KeepSession: "session-1", Reason: account.EndedByPassword,
	}}, f.store.patches)
}

func TestUpdateOwnProfileKeepsEverySession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	u, err := f.UpdateOwn(t.Context(), ann, ownOrigin, account.OwnPatch{Name: ptr(""), Picture: ptr("p")})
	require.NoError(t, err)
	require.Equal(t, []account.UserPatch{{Name: ptr(""), Picture: ptr("p")}}, f.store.patches)
	require.Equal(t, "p", u.Picture)
}

func TestUpdateOwnOutage(t *testing.T) {
	t.Parallel()
	outage := errors.New("outage")
	for name, fail := range map[string]func(*fixture){
		"lookup of the address": func(f *fixture) { f.store.fail["UserByEmail"] = outage },
		"count of the email":    func(f *fixture) { f.limits.fail["CountMessage"] = outage },
		"hash":                  func(f *fixture) { f.hasher.hashErr = outage },
		"change":                func(f *fixture) { f.store.fail["UpdateUser"] = outage },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ann := f.addUser(t, "Ann")
			fail(f)
			_, err := f.UpdateOwn(t.Context(), ann, ownOrigin, account.OwnPatch{
				Email: ptr("new@example.org"), Password: ptr("a new long one"), CurrentPassword: rightPassword,
			})
			require.ErrorIs(t, err, outage)
			require.Equal(t, ann, f.user(t, ann.ID), "nothing is changed")
		})
	}
}

func TestDeleteOwn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password string
		role     string // default: ROLE_USER
		calls    []string
		code     fault.Code
		pointer  string
	}{
		"right password":         {password: rightPassword, calls: succeeds},
		"wrong password":         {password: "wrong", calls: fails, code: account.WrongPassword, pointer: "/current_password"},
		"no password":            {code: account.WrongPassword, pointer: "/current_password"},
		"the last administrator": {password: rightPassword, role: account.RoleAdmin, calls: succeeds, code: account.LastAdmin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if c.role == "" {
				c.role = account.RoleUser
			}
			ann := f.addUser(t, "Ann", withRoles(c.role))
			requireFault(t, f.DeleteOwn(t.Context(), ann, ownOrigin, c.password), c.code, c.pointer)
			require.Equal(t, c.calls, f.calls)
			_, err := f.ByID(t.Context(), ann.ID)
			if c.code != "" {
				require.NoError(t, err, "the user still exists")
				return
			}
			require.ErrorIs(t, err, fault.ErrNotFound)
			event := f.event(t)
			require.Equal(t, audit.UserDeleted, event.Action)
			require.Equal(t, audit.Success, event.Outcome)
			require.Equal(t, "Ann", event.Actor)
		})
	}
}
