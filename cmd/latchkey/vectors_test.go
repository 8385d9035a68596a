package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
)

// Every vector, against the program itself on both engines.
func TestVectors(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		world(t, at, func(ctx context.Context, db database) {
			stockClients(ctx, t, db)
			stockUsers(ctx, t, db)
		})
		at.disable(t, "disabled")
		s := start(t, at)
		for _, dir := range []string{"token", "account", "guard", "admin", "browser", "own", "onetime", "users", "audit"} {
			cases, err := apitest.Load("../../internal/httpapi/testdata/" + dir)
			require.NoError(t, err)
			apitest.Run(t, apitest.Server{URL: s.url, Value: s.values(t)}, cases)
		}
	})
}

// values gives what vectors name of the running server: {$issuer}; {$token.USER} or
// {$token.USER:SCOPE} and {$client.CLIENT}, access tokens that are made once; {$user.USER}, an id;
// and, made for each mention, {$refresh.USER} or {$refresh.USER@CLIENT}, {$fresh.USER}, an access
// token to do harm to, and {$session.USER}, the id of a session.
func (s *server) values(t *testing.T) func(string) string {
	t.Helper()
	kept := map[string]string{}
	var mu sync.Mutex
	var value func(name string) string
	value = func(name string) string {
		if kept[name] != "" {
			return kept[name]
		}
		kind, who, _ := strings.Cut(name, ".")
		who, client, _ := strings.Cut(who, "@")
		switch kind {
		case "issuer":
			return s.issuer
		case "token":
			user, scope, _ := strings.Cut(who, ":")
			kept[name] = s.token(t, user, devPassword(user), "scope", scope)
		case "client":
			kept[name] = s.clientToken(t, who, who+"-secret")
		case "user":
			return claim(t, value("token."+who), "sub")
		case "refresh":
			return s.refreshToken(t, who, client)
		case "fresh":
			return s.token(t, who, devPassword(who))
		case "session":
			return claim(t, s.token(t, who, devPassword(who)), "sid")
		case "junk":
			return apitest.Spoil(s.refreshToken(t, "rita", ""), who)
		default:
			require.Fail(t, "no such value", name)
		}
		return kept[name]
	}
	return func(name string) string {
		mu.Lock()
		defer mu.Unlock()
		return value(name)
	}
}

// secrets are those of stockClients that refresh.
var secrets = map[string]string{"web": "s%x+"}

// refreshToken signs in by one of stockClients, or the built-in client, and gives the refresh token.
func (s *server) refreshToken(t *testing.T, user, client string) string {
	t.Helper()
	got := s.login(t, "", user, devPassword(user), "client_id", client, "client_secret", secrets[client])
	require.Equal(t, http.StatusOK, got.status, got.body)
	return member(t, got.body, "refresh_token")
}

// clientToken gives a client's access token for itself.
func (s *server) clientToken(t *testing.T, id, secret string) string {
	t.Helper()
	got := s.post(t, "/token", "grant_type", "client_credentials", "client_id", id, "client_secret", secret)
	require.Equal(t, http.StatusOK, got.status, got.body)
	return member(t, got.body, "access_token")
}
