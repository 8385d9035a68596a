package oauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// explained is an access token, the session and user behind it, and what an operation demands.
type explained struct {
	token     oauth.DecodedToken
	decodeErr error
	signature string
	session   oauth.Session
	user      account.User
	findErr   error
	looked    bool // the session was looked up
	need      oauth.Requirement
	explainer oauth.Explainer
}

// Decode implements oauth.TokenReader.
func (x *explained) Decode(string) (oauth.DecodedToken, error) { return x.token, x.decodeErr }

// Signature implements oauth.TokenReader.
func (x *explained) Signature(context.Context, string) (string, error) { return x.signature, nil }

// SessionByID implements oauth.SessionReader.
func (x *explained) SessionByID(context.Context, string) (oauth.Session, account.User, error) {
	x.looked = true
	return x.session, x.user, x.findErr
}

// newExplained returns a token that everything accepts.
func newExplained() *explained {
	x := &explained{signature: oauth.SignatureValid}
	x.token = oauth.DecodedToken{
		Algorithm: "ES256", Type: "at+jwt", KeyID: "k1", Payload: map[string]json.RawMessage{"sub": json.RawMessage(`"u1"`)},
		Claims: oauth.Claims{
			Issuer: "https://auth.example", Audience: []string{"https://api.example"}, Subject: "u1", ClientID: "web", SessionID: "s1",
			IssuedAt: noon, ExpiresAt: noon.Add(15 * time.Minute), Scopes: []string{"profile", "users:read"}, Roles: []string{"ROLE_USER"},
		},
	}
	x.user = account.User{ID: "u1", Username: "alice", Active: true, Scopes: []string{"profile", "users:read"}, Roles: []string{"ROLE_USER"}}
	x.session = oauth.Session{ID: "s1", UserID: "u1", ClientID: "web", IdleUntil: noon.Add(time.Hour), AbsoluteUntil: noon.Add(time.Hour)}
	x.explainer = oauth.Explainer{
		Tokens: x, Sessions: x, Issuer: "https://auth.example", Audience: "https://api.example",
		Now: func() time.Time { return noon.Add(time.Minute) },
	}
	return x
}

var explainCases = map[string]struct {
	change   func(x *explained)
	rejected fault.Code
	says     string // of the check that fails first
	skipped  bool   // some check could not be made
}{
	"accepted": {change: func(*explained) {}},
	"accepted, in need": {change: func(x *explained) {
		x.need = oauth.Requirement{Scopes: []string{"profile"}, AnyRole: []string{"R", "ROLE_USER"}}
	}},
	"no JWT":                 {func(x *explained) { x.decodeErr = errors.New("not three segments") }, oauth.InvalidToken, "not three segments", false},
	"of a third party":       {func(x *explained) { x.token.Algorithm = oauth.HS256 }, oauth.InvalidToken, "third party", true},
	"foreign claims":         {func(x *explained) { x.token.Err = errors.New("jti is not a string") }, oauth.InvalidToken, "jti is not a string", true},
	"unknown key":            {func(x *explained) { x.signature = oauth.SignatureUnknownKey }, oauth.InvalidToken, `"k1"`, true},
	"wrong signature":        {func(x *explained) { x.signature = oauth.SignatureWrong }, oauth.InvalidToken, "damaged or forged", true},
	"offline":                {func(x *explained) { x.signature, x.explainer.Sessions = "", nil }, "", "", true},
	"other issuer":           {func(x *explained) { x.explainer.Issuer = "http://auth.example" }, oauth.InvalidToken, "http://auth.example", false},
	"issuer unknown":         {func(x *explained) { x.explainer.Issuer = "" }, "", "", true},
	"other audience":         {func(x *explained) { x.explainer.Audience = "b" }, oauth.InvalidToken, "the API expects b", false},
	"audience unknown":       {func(x *explained) { x.explainer.Audience = "" }, "", "", true},
	"expired":                {func(x *explained) { x.token.Claims.ExpiresAt = noon }, oauth.InvalidToken, "expired 1m0s ago", false},
	"expired, in the leeway": {change: func(x *explained) { x.token.Claims.ExpiresAt, x.explainer.Leeway = noon, 61*time.Second }},
	"expired, and the leeway too": {func(x *explained) { x.token.Claims.ExpiresAt, x.explainer.Leeway = noon, time.Minute },
		oauth.InvalidToken, "expired 1m0s ago", false},
	"other typ": {func(x *explained) { x.explainer.TypeFor = func([]string) string { return "JWT" } },
		oauth.InvalidToken, `has the typ "at+jwt", the service requires "JWT"; that depends on LATCHKEY_TOKEN_TYPE`, true},
	"not yet valid":      {func(x *explained) { x.token.NotBefore = noon.Add(time.Hour) }, oauth.InvalidToken, "not valid before", false},
	"from the future":    {func(x *explained) { x.token.Claims.IssuedAt = noon.Add(time.Hour) }, oauth.InvalidToken, "clocks", false},
	"session gone":       {func(x *explained) { x.findErr = fault.ErrNotFound }, oauth.InvalidToken, "not found", false},
	"session of another": {func(x *explained) { x.session.UserID = "u2" }, oauth.InvalidToken, "another user", false},
	"session revoked": {func(x *explained) { x.session.RevokedAt, x.session.RevokedReason = noon, oauth.EndedBySignOut }, oauth.InvalidToken,
		"ended at 2026-03-01T12:00:00Z (signed_out)", false},
	"session expired":  {func(x *explained) { x.session.IdleUntil = noon }, oauth.InvalidToken, "expired at", false},
	"user disabled":    {func(x *explained) { x.user.Active = false }, oauth.InvalidToken, "alice is disabled", false},
	"password changed": {func(x *explained) { x.user.Epoch = 1 }, oauth.InvalidToken, "password of alice", false},
	"scope missing": {func(x *explained) { x.need.Scopes = []string{"profile", "audit:read"} }, fault.InsufficientScope,
		"lacks audit:read", false},
	"scope lost": {func(x *explained) { x.need.Scopes, x.user.Scopes = []string{"users:read"}, []string{"profile"} }, fault.InsufficientScope,
		"lost users:read", false},
	"role missing": {func(x *explained) { x.need.AnyRole = []string{"A", "B"} }, fault.InsufficientScope, "needs A or B, the token has ROLE_USER", false},
	"no role at all": {func(x *explained) { x.need.AnyRole, x.token.Claims.Roles = []string{"A"}, nil }, fault.InsufficientScope,
		"the token has none", false},
	"role lost":            {func(x *explained) { x.need.AnyRole, x.user.Roles = []string{"ROLE_USER"}, nil }, fault.InsufficientScope, "lost ROLE_USER", false},
	"401 goes before 403":  {func(x *explained) { x.need.AnyRole, x.user.Active = []string{"A"}, false }, oauth.InvalidToken, "disabled", false},
	"client for itself":    {change: func(x *explained) { x.session.UserID, x.token.Claims.Subject, x.user = "", "web", account.User{} }},
	"any token will do":    {change: func(x *explained) { x.need.AnyToken = true }},
	"roles without lookup": {change: func(x *explained) { x.need.AnyRole, x.explainer.Sessions = []string{"ROLE_USER"}, nil }, skipped: true},
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for name, test := range explainCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExplained()
			test.change(x)
			got, err := x.explainer.Explain(t.Context(), "a.b.c", x.need)
			require.NoError(t, err)
			require.Equal(t, test.rejected, got.Rejected, got.Checks)
			require.Equal(t, test.skipped, !got.Complete(), got.Checks)
			said := ""
			for _, c := range got.Checks {
				if c.Outcome == oauth.CheckFailed && said == "" {
					said = c.Text
				}
			}
			require.Contains(t, said, test.says)
			require.Equal(t, test.rejected == "", said == "", said)
			if x.signature != oauth.SignatureValid || x.decodeErr != nil || x.token.Err != nil {
				require.False(t, x.looked, "a session was looked up for a token that may be forged")
			}
		})
	}
}

// An explanation names what was pasted instead of an access token.
func TestExplainOtherTexts(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"rt_abc": "refresh token", "Bearer a.b.c": "Bearer", "a.b.c\n": "white space", "junk": "no JWT here",
	} {
		x := newExplained()
		x.decodeErr = errors.New("no JWT here")
		got, err := x.explainer.Explain(t.Context(), text, oauth.Requirement{})
		require.NoError(t, err)
		require.Contains(t, got.Checks[0].Text, says)
		require.NotContains(t, got.Checks[0].Text, strings.TrimSpace(text), "the text may be a secret")
	}
}

func TestExplainWithoutStore(t *testing.T) {
	t.Parallel()
	x := newExplained()
	x.findErr = fault.Errorf(fault.Unavailable, "the database is away")
	_, err := x.explainer.Explain(t.Context(), "a.b.c", x.need)
	require.ErrorIs(t, err, x.findErr)
}

func TestOperatorToken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	own := f.addClient(t, false).Pairs[0].ID
	got, err := f.OperatorToken(t.Context(), oauth.OperatorRequest{User: f.user, ClientID: own})
	require.NoError(t, err)
	p, err := f.Principal(t.Context(), got.AccessToken)
	require.NoError(t, err)
	require.Equal(t, f.user.ID, p.User.ID)
	require.Equal(t, own, p.Claims.ClientID)
	require.NotEmpty(t, got.RefreshToken)

	disabled := f.user
	disabled.Active = false
	for name, r := range map[string]oauth.OperatorRequest{
		"invalid_grant": {User: disabled}, "invalid_scope": {User: f.user, Scope: "no-such-scope"}, "not_found": {User: f.user, ClientID: "nobody"},
	} {
		_, err := f.OperatorToken(t.Context(), r)
		require.ErrorContains(t, err, name)
	}
}

// Who asks decides what is looked up: of a token of another user, only its content is explained.
func TestExplainTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asker oauth.Principal
		all   bool
	}{
		"its user":                {oauth.Principal{User: account.User{ID: "u1"}}, true},
		"another user":            {oauth.Principal{User: account.User{ID: "u2"}, Claims: oauth.Claims{Scopes: []string{"profile"}}}, false},
		"a user with users:read":  {oauth.Principal{User: account.User{ID: "u2"}, Claims: oauth.Claims{Scopes: []string{"users:read"}}}, true},
		"a client":                {oauth.Principal{Claims: oauth.Claims{Subject: "u1", ClientID: "u1"}}, false},
		"a client, for operators": {oauth.Principal{Claims: oauth.Claims{Subject: "c", ClientID: "c", Scopes: []string{"users:read"}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExplained()
			x.session.RevokedAt, x.session.RevokedReason = noon, oauth.EndedBySignOut
			got, err := x.explainer.ExplainTo(t.Context(), c.asker, "token", x.need)
			require.NoError(t, err)
			require.Equal(t, x.token.Payload, got.Token.Payload)
			require.Equal(t, c.all, x.looked)
			require.Equal(t, c.all, got.Complete())
			if c.all {
				require.Equal(t, oauth.InvalidToken, got.Rejected)
				return
			}
			require.Empty(t, got.Rejected, "the state of the session is not told")
			for _, check := range got.Checks {
				if check.Name == "signature" || check.Name == "session" {
					require.Equal(t, oauth.CheckSkipped, check.Outcome, check.Name)
					require.Contains(t, check.Text, "users:read")
				}
			}
		})
	}
}
