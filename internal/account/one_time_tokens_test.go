package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// token returns the token of a message to a user.
func (f *fixture) token(t *testing.T, m account.Message) string {
	t.Helper()
	prepared, needed, err := f.Prepare(t.Context(), m)
	require.NoError(t, err)
	require.True(t, needed)
	require.Regexp(t, `^et_[A-Za-z0-9_-]{43}$`, prepared.Token)
	return prepared.Token
}

func (f *fixture) verifyToken(t *testing.T, u account.User) string {
	t.Helper()
	return f.token(t, account.Message{Kind: account.MessageVerify, UserID: u.ID})
}

func (f *fixture) resetToken(t *testing.T, u account.User) string {
	t.Helper()
	return f.token(t, account.Message{Kind: account.MessageReset, UserID: u.ID})
}

// Malformed tokens are rejected without a query; well-formed ones cost one.
func TestUnknownTokens(t *testing.T) {
	t.Parallel()
	good := "et_" + strings.Repeat("A", 43)
	for name, c := range map[string]struct {
		token string
		reads int
	}{
		"unknown":                {token: good, reads: 1},
		"empty":                  {},
		"prefix only":            {token: "et_"},
		"no prefix":              {token: good[3:]},
		"prefix in capitals":     {token: "ET_" + good[3:]},
		"too short":              {token: good[:len(good)-1]},
		"too long":               {token: good + "A"},
		"padded":                 {token: good + "="},
		"non-zero trailing bits": {token: good[:len(good)-1] + "B"},
		"another alphabet":       {token: "et_+" + good[4:]},
		"line break":             {token: good + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			requireFault(t, f.verifyEmail(t.Context(), c.token), account.InvalidOneTimeToken, "/token")
			require.Equal(t, c.reads, f.store.reads["OneTimeTokenByHash"])
			requireFault(t, f.ResetPassword(t.Context(), c.token, "a new long one"), account.InvalidOneTimeToken, "/token")
			require.Empty(t, f.calls, "nothing is hashed")
		})
	}
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann", unconfirmed)
	token := f.verifyToken(t, ann)
	require.NoError(t, f.verifyEmail(t.Context(), token))
	require.True(t, f.user(t, ann.ID).EmailVerified)
	require.Equal(t, audit.UserVerified, f.event(t).Action)
	requireFault(t, f.verifyEmail(t.Context(), token), account.InvalidOneTimeToken, "/token")
	require.Len(t, f.events(t), 1, "a token works once")
}

func TestVerifyNewEmail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	token := f.token(t, account.Message{Kind: account.MessageVerify, UserID: ann.ID, Email: "New@example.org"})
	require.NoError(t, f.verifyEmail(t.Context(), token))
	u := f.user(t, ann.ID)
	require.Equal(t, "New@example.org", u.Email)
	require.Equal(t, "new@example.org", u.EmailKey)
	require.True(t, u.EmailVerified)
}

func TestVerifyEmailTakenMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	token := f.token(t, account.Message{Kind: account.MessageVerify, UserID: ann.ID, Email: "bob@example.org"})
	bob := f.addUser(t, "Bob")
	requireFault(t, f.verifyEmail(t.Context(), token), account.EmailTaken, "/email")
	require.Equal(t, ann, f.user(t, ann.ID))

	_, err := f.Update(t.Context(), everyScope, bob.ID, account.AdminPatch{Email: ptr("b@example.org")})
	require.NoError(t, err)
	require.NoError(t, f.verifyEmail(t.Context(), token), "the token was not consumed")
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann", unconfirmed)
	token := f.resetToken(t, ann)
	for _, weak := range []string{"", "short", "common-one", "ann@example.org"} {
		requireFault(t, f.ResetPassword(t.Context(), token, weak), account.WeakPassword, "/password")
	}
	require.Equal(t, ann, f.user(t, ann.ID), "a weak password does not consume the token")

	require.NoError(t, f.ResetPassword(t.Context(), token, "e\u0301clair au chocolat"))
	u := f.user(t, ann.ID)
	require.Equal(t, "hash:\u00e9clair au chocolat", u.PasswordHash)
	require.Equal(t, ann.Epoch+1, u.Epoch, "all sessions end")
	require.True(t, u.EmailVerified, "the token was sent to the address")
	require.Equal(t, audit.PasswordChanged, f.event(t).Action)
	require.Equal(t, []account.Message{{Kind: account.MessagePasswordChanged, UserID: ann.ID}}, f.messages(t))
	requireFault(t, f.ResetPassword(t.Context(), token, "another long one"), account.InvalidOneTimeToken, "/token")
}

func TestResetPasswordBusy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann")
	token := f.resetToken(t, ann)
	f.hasher.hashErr = fault.ErrUnavailable
	require.ErrorIs(t, f.ResetPassword(t.Context(), token, "a new long one"), fault.ErrUnavailable)
	f.hasher.hashErr = nil
	require.NoError(t, f.ResetPassword(t.Context(), token, "a new long one"), "the token was not consumed")
}

// A token works for its purpose only, until it expires or a newer one of its purpose replaces it.
func TestTokensEnd(t *testing.T) {
	t.Parallel()
	verify := func(f *fixture, t *testing.T, token string) error { return f.verifyEmail(t.Context(), token) }
	reset := func(f *fixture, t *testing.T, token string) error {
		return f.ResetPassword(t.Context(), token, "a new long one")
	}
	for name, c := range map[string]struct {
		kind    account.MessageKind
		use     func(*fixture, *testing.T, string) error
		after   time.Duration
		renewed account.MessageKind // of another message before the token is used
		invalid bool
	}{
		"verify":                         {kind: account.MessageVerify, use: verify},
		"verify in the last second":      {kind: account.MessageVerify, use: verify, after: 48*time.Hour - time.Second},
		"verify after 48 hours":          {kind: account.MessageVerify, use: verify, after: 48 * time.Hour, invalid: true},
		"reset in the last second":       {kind: account.MessageReset, use: reset, after: time.Hour - time.Second},
		"reset after an hour":            {kind: account.MessageReset, use: reset, after: time.Hour, invalid: true},
		"invitation in the last second":  {kind: account.MessageInvite, use: reset, after: 7*24*time.Hour - time.Second},
		"invitation after a week":        {kind: account.MessageInvite, use: reset, after: 7 * 24 * time.Hour, invalid: true},
		"verify token for a password":    {kind: account.MessageVerify, use: reset, invalid: true},
		"reset token for an address":     {kind: account.MessageReset, use: verify, invalid: true},
		"verify replaced":                {kind: account.MessageVerify, use: verify, renewed: account.MessageVerify, invalid: true},
		"reset replaced":                 {kind: account.MessageReset, use: reset, renewed: account.MessageReset, invalid: true},
		"invitation replaced by a reset": {kind: account.MessageInvite, use: reset, renewed: account.MessageReset, invalid: true},
		"verify beside a reset":          {kind: account.MessageVerify, use: verify, renewed: account.MessageReset},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ann := f.addUser(t, "Ann", unconfirmed)
			token := f.token(t, account.Message{Kind: c.kind, UserID: ann.ID})
			if c.renewed != "" {
				f.token(t, account.Message{Kind: c.renewed, UserID: ann.ID})
			}
			f.now = f.now.Add(c.after)
			err := c.use(f, t, token)
			if c.invalid {
				requireFault(t, err, account.InvalidOneTimeToken, "/token")
				require.Equal(t, ann, f.user(t, ann.ID))
				return
			}
			require.NoError(t, err)
		})
	}
}

func TestTokenOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := f.verifyToken(t, f.addUser(t, "Ann", unconfirmed))
	f.store.fail["OneTimeTokenByHash"] = fault.ErrUnavailable
	require.ErrorIs(t, f.verifyEmail(t.Context(), token), fault.ErrUnavailable)
	require.ErrorIs(t, f.ResetPassword(t.Context(), token, "a new long one"), fault.ErrUnavailable)
}

func TestPurgeTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"Ann", "Bob", "Cy"} {
		f.verifyToken(t, f.addUser(t, name, unconfirmed))
	}
	f.now = noon.Add(48*time.Hour - time.Second)
	require.Equal(t, 0, f.purge(t, 10), "no token has expired")
	f.now = noon.Add(49 * time.Hour)
	require.Equal(t, 2, f.purge(t, 2))
	require.Equal(t, 1, f.purge(t, 2))
	require.Equal(t, 0, f.purge(t, 2))
}

func (f *fixture) purge(t *testing.T, limit int) int {
	t.Helper()
	n, err := f.PurgeTokens(t.Context(), limit)
	require.NoError(t, err)
	return n
}
