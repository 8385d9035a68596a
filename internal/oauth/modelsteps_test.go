package oauth_test

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func sha(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// credentials returns the credentials that a client sends: the id of a public one, and the secret of a
// confidential one. The client "none" sends nothing.
func (r *trial) credentials(client string) oauth.Credentials {
	switch {
	case client == "none":
		return oauth.Credentials{}
	case client == "":
		client = oauth.PublicClientID
	case !r.m.clients[client].public:
		return oauth.Credentials{Pairs: []oauth.Pair{{ID: client, Secret: clientSecret}}}
	}
	return oauth.Credentials{Pairs: []oauth.Pair{{ID: client}}}
}

func (r *trial) signIn(t *rapid.T) {
	user, client := rapid.SampledFrom(r.users).Draw(t, "user"), rapid.SampledFrom(r.clients).Draw(t, "client")
	want := "200"
	if !r.m.clients[client].active {
		want = "invalid_client"
	} else if !r.m.users[user].active {
		want = "invalid_grant"
	}
	got, err := r.Token(t.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantPassword, Username: user, Password: "right", Client: r.credentials(client)})
	require.Equal(t, want, code(err))
	r.happened("sign in " + want)
	if err != nil {
		return
	}
	s := &modelSession{
		user: user, client: client, scopes: r.m.users[user].scopes(), rotated: r.m.now,
		idle: r.m.now.Add(modelIdle), end: r.m.now.Add(modelMax),
	}
	require.NotContains(t, r.m.sessions, s)
	r.m.sessions = append(r.m.sessions, s)
	r.requireTokens(t, s, got, s.scopes)
	claims, err := plainKeys{r.clock}.Verify(got.AccessToken)
	require.NoError(t, err)
	s.id = claims.SessionID
}

// requireTokens checks the tokens of a session and stores them in the model.
func (r *trial) requireTokens(t *rapid.T, s *modelSession, got oauth.TokenResponse, scopes []string) {
	require.Equal(t, strings.Join(scopes, " "), got.Scope)
	require.Equal(t, min(s.idle.Sub(r.m.now), s.end.Sub(r.m.now)), got.RefreshExpiresIn)
	s.access, s.accessEnd, s.accessScopes = got.AccessToken, r.m.now.Add(modelTTL), scopes
	if !slices.Contains(s.tokens, got.RefreshToken) {
		s.tokens = append(s.tokens, got.RefreshToken)
	}
}

// session draws a session. It skips the operation if there is none.
func (r *trial) session(t *rapid.T) *modelSession {
	if len(r.m.sessions) == 0 {
		t.Skip("no session yet")
	}
	// Small numbers are drawn most often, and the newest sessions are the live ones.
	return r.m.sessions[len(r.m.sessions)-1-rapid.IntRange(0, len(r.m.sessions)-1).Draw(t, "session")]
}

func (r *trial) refresh(t *rapid.T) {
	s := r.session(t)
	behind := min(len(s.tokens)-1, rapid.SampledFrom([]int{0, 0, 0, 0, 1, 1, 2, 9}).Draw(t, "behind"))
	by := s.client
	if rapid.IntRange(0, 5).Draw(t, "another client") == 0 {
		by = rapid.SampledFrom([]string{"none", rapid.SampledFrom(r.clients).Draw(t, "by")}).Draw(t, "client")
	}
	requested := rapid.SampledFrom([][]string{nil, nil, nil, {"profile"}, {"users:read"}}).Draw(t, "requested")
	wasAlive, newest := r.m.alive(s), s.tokens[len(s.tokens)-1]
	credentials := r.credentials(by)
	if by == "" && rapid.Bool().Draw(t, "unnamed") {
		by, credentials = "none", oauth.Credentials{} // a request without a client counts for the token's public client
	}
	want, scopes := r.m.use(s, behind, by, requested)
	got, err := r.Token(t.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantRefresh, RefreshToken: s.tokens[len(s.tokens)-1-behind], Scope: strings.Join(requested, " "), Client: credentials})
	r.happened("refresh " + want)
	switch want {
	case "rotated":
		require.NoError(t, err)
		require.NotContains(t, s.tokens, got.RefreshToken)
		r.requireTokens(t, s, got, scopes)
	case "repeated":
		require.NoError(t, err)
		require.Equal(t, newest, got.RefreshToken, "every caller gets the same successor")
		r.requireTokens(t, s, got, scopes)
	default:
		require.Equal(t, want, code(err))
		if wasAlive && !r.m.alive(s) {
			r.seen["reuse"]++
		}
	}
}

// access uses the newest access token of a session.
func (r *trial) access(t *rapid.T) {
	s := r.session(t)
	who, err := r.Principal(t.Context(), s.access)
	if !r.m.alive(s) || !r.m.now.Before(s.accessEnd) {
		require.ErrorIs(t, err, oauth.ErrInvalidToken)
		r.happened("access dead")
		return
	}
	require.NoError(t, err)
	require.Equal(t, both(s.accessScopes, r.m.users[s.user].scopes()), who.Claims.Scopes)
	require.Equal(t, s.id, who.Claims.SessionID)
	require.Equal(t, r.ids[s.user], who.User.ID)
	r.happened("access alive")
}

// time moves the clock, mostly to one side of a limit.
func (r *trial) time(t *rapid.T) {
	step := rapid.SampledFrom([]time.Duration{
		time.Second, time.Second, time.Second, modelGrace - time.Second, modelGrace - time.Second, modelGrace,
		modelGrace + time.Second, modelTTL, modelIdle - time.Second, modelIdle, modelMax,
	}).Draw(t, "step")
	r.now = r.now.Add(step)
	r.m.now = r.now
	r.happened("time")
}

// anyToken draws a token of a session, of either kind, and reports whether it can be identified.
func (r *trial) anyToken(t *rapid.T, s *modelSession) (token string, found bool) {
	if rapid.Bool().Draw(t, "access token") {
		return s.access, r.m.now.Before(s.accessEnd)
	}
	return rapid.SampledFrom(s.tokens).Draw(t, "token"), true
}

func (r *trial) revoke(t *rapid.T) {
	s, by := r.session(t), rapid.SampledFrom(r.clients).Draw(t, "by")
	if rapid.Bool().Draw(t, "its own client") {
		by = s.client
	}
	token, found := r.anyToken(t, s)
	_, _, err := r.store.SessionByID(t.Context(), s.id)
	found = found && !errors.Is(err, fault.ErrNotFound) // a purged session is unknown
	want := "200"
	switch {
	case !r.m.clients[by].active:
		want = "invalid_client"
	case found && by != s.client:
		want = "invalid_grant"
	case found:
		s.dead = true
	}
	require.Equal(t, want, code(r.Revoke(t.Context(), oauth.TokenQuery{Token: token, Client: r.credentials(by)})))
	r.happened("revoke " + want)
}

// introspect asks about a refresh token as the confidential client.
func (r *trial) introspect(t *rapid.T) {
	s := r.session(t)
	at := rapid.IntRange(0, len(s.tokens)-1).Draw(t, "token")
	behind := len(s.tokens) - 1 - at
	for id, c := range r.m.clients {
		if c.public {
			continue
		}
		got, err := r.Introspect(t.Context(), oauth.TokenQuery{Token: s.tokens[at], Client: r.credentials(id)})
		if !c.active {
			require.Equal(t, "invalid_client", code(err))
			r.happened("introspect invalid_client")
			return
		}
		inTime := behind == 0 || behind == 1 && r.m.now.Sub(s.rotated) < modelGrace
		want := s.client == id && r.m.alive(s) && inTime
		require.NoError(t, err)
		require.Equal(t, want, got.Active)
		r.happened("introspect " + map[bool]string{true: "true", false: "false"}[want])
	}
}

func (r *trial) list(t *rapid.T) {
	user := rapid.SampledFrom(r.users).Draw(t, "user")
	want := []string{}
	for _, s := range r.m.sessions {
		if s.user == user && r.m.alive(s) {
			want = append(want, s.id)
		}
	}
	got, err := r.UserSessions(t.Context(), r.ids[user])
	require.NoError(t, err)
	ids := []string{}
	for _, s := range got {
		ids = append(ids, s.ID)
	}
	require.ElementsMatch(t, want, ids)
	r.happened("list")
}

// end draws one of the operations that end sessions.
func (r *trial) end(t *rapid.T) {
	rapid.SampledFrom([]func(*rapid.T){r.endOne, r.endOthers, r.password, r.user, r.client}).Draw(t, "what")(t)
}

// restore enables all users and clients that are disabled.
func (r *trial) restore(t *rapid.T) {
	for _, name := range r.users {
		if !r.m.users[name].active {
			r.toggleUser(t, name)
		}
	}
	for _, id := range r.clients {
		if !r.m.clients[id].active {
			r.toggleClient(t, id)
		}
	}
}

func (r *trial) endOne(t *rapid.T) {
	s, user := r.session(t), rapid.SampledFrom(r.users).Draw(t, "user")
	err := r.EndSession(t.Context(), r.ids[user], s.id)
	if user == s.user {
		s.dead = true
	} else {
		require.ErrorIs(t, err, fault.ErrNotFound)
	}
	r.happened("end one")
}

func (r *trial) endOthers(t *rapid.T) {
	s := r.session(t)
	require.NoError(t, r.EndSessions(t.Context(), r.ids[s.user], s.id, oauth.EndedByUser))
	r.m.kill(func(other *modelSession) bool { return other.user == s.user && other != s })
	r.happened("end others")
}

// password changes a password and may keep the session in which it is changed.
func (r *trial) password(t *rapid.T) {
	s := r.session(t)
	keep := ""
	if rapid.Bool().Draw(t, "keep") {
		keep = s.id
	}
	anotherHash := "another hash"
	require.NoError(t, r.store.UpdateUser(t.Context(), r.ids[s.user], account.UserPatch{
		PasswordHash: &anotherHash, EndSessions: true, KeepSession: keep, Reason: oauth.EndedByPassword,
	}, r.now, audit.Change{}))
	r.m.kill(func(other *modelSession) bool { return other.user == s.user && other.id != keep })
	r.happened("password")
}

func (r *trial) user(t *rapid.T) { r.toggleUser(t, rapid.SampledFrom(r.users).Draw(t, "user")) }

func (r *trial) toggleUser(t *rapid.T, user string) {
	u := r.m.users[user]
	u.active = !u.active
	require.NoError(t, r.store.UpdateUser(t.Context(), r.ids[user], account.UserPatch{
		Active: &u.active, DisabledUntil: &time.Time{}, EndSessions: !u.active, Reason: oauth.EndedByDisable,
	}, r.now, audit.Change{}))
	if !u.active {
		r.m.kill(func(s *modelSession) bool { return s.user == user })
	}
	r.happened("user " + map[bool]string{true: "enabled", false: "disabled"}[u.active])
}

func (r *trial) role(t *rapid.T) {
	user := rapid.SampledFrom(r.users).Draw(t, "user")
	u := r.m.users[user]
	u.moderator = !u.moderator
	if u.moderator {
		require.NoError(t, r.store.GrantRole(t.Context(), r.ids[user], account.RoleModerator, r.now, audit.Change{}))
		r.happened("role granted")
		return
	}
	require.NoError(t, r.store.RevokeRole(t.Context(), r.ids[user], account.RoleModerator, r.now, audit.Change{}))
	r.happened("role revoked")
}

// client disables or enables a registered client. The built-in one is disabled by configuration only.
func (r *trial) client(t *rapid.T) {
	r.toggleClient(t, rapid.SampledFrom(r.clients[1:]).Draw(t, "client"))
}

func (r *trial) toggleClient(t *rapid.T, id string) {
	c := r.m.clients[id]
	c.active = !c.active
	require.NoError(t, r.store.UpdateClient(t.Context(), id, oauth.ClientPatch{Active: &c.active}, r.now, audit.Change{}))
	if !c.active {
		r.m.kill(func(s *modelSession) bool { return s.client == id })
	}
	r.happened("client " + map[bool]string{true: "enabled", false: "disabled"}[c.active])
}

// purge deletes sessions that ended long ago, which must not change any outcome.
func (r *trial) purge(t *rapid.T) {
	_, err := r.PurgeSessions(t.Context(), 500)
	require.NoError(t, err)
	r.happened("purge")
}
