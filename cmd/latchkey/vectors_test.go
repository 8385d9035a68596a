package main

import (
	"context"
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
		for _, dir := range []string{"token", "account", "guard"} {
			cases, err := apitest.Load("../../internal/httpapi/testdata/" + dir)
			require.NoError(t, err)
			apitest.Run(t, apitest.Server{URL: s.url, Value: s.values(t)}, cases)
		}
	})
}

// values gives what vectors name of the running server: {$issuer}, and {$token.USER} or
// {$token.USER:SCOPE}, made once.
func (s *server) values(t *testing.T) func(string) string {
	t.Helper()
	tokens := map[string]string{}
	var mu sync.Mutex
	return func(name string) string {
		if name == "issuer" {
			return s.issuer
		}
		mu.Lock()
		defer mu.Unlock()
		if tokens[name] == "" {
			who, isToken := strings.CutPrefix(name, "token.")
			require.True(t, isToken, name)
			user, scope, _ := strings.Cut(who, ":")
			tokens[name] = s.token(t, user, devPassword(user), "scope", scope)
		}
		return tokens[name]
	}
}
