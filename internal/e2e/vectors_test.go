package e2e

import (
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api/compat/codevoweb"
	"github.com/latchkey-auth/latchkey/api/compat/fastapiusers"
	"github.com/latchkey-auth/latchkey/api/compat/pycharm"
	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
)

// All vectors of httpapi, against the program on both engines.
func TestVectors(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		inst.addUsers(t)
		inst.addHooks(t)
		s := start(t, inst)
		for _, dir := range []string{"token", "account", "guard", "admin", "browser", "own", "onetime", "users", "audit", "operate"} {
			cases, err := apitest.Load("../httpapi/testdata/" + dir)
			require.NoError(t, err)
			apitest.Run(t, apitest.Server{URL: s.url, Value: s.values(t)}, cases)
		}
	})
}

// The vectors of the compatibility profiles, against the program on both engines.
func TestProfileVectors(t *testing.T) {
	t.Parallel()
	specs := map[string]*openapi3.T{}
	for name, load := range map[string]func() (*openapi3.T, error){
		"codevoweb": codevoweb.GetSpec, "fastapi-users": fastapiusers.GetSpec, "pycharm": pycharm.GetSpec,
	} {
		spec, err := load()
		require.NoError(t, err)
		specs[name] = spec
	}
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		inst.addUsers(t)
		s := start(t, inst, "LATCHKEY_COMPAT=pycharm,codevoweb,fastapi-users")
		require.Contains(t, s.log.String(), "Profiles  codevoweb, fastapi-users, pycharm")
		for name, spec := range specs {
			cases, err := apitest.Load("../httpapi/testdata/" + name)
			require.NoError(t, err)
			apitest.Run(t, apitest.Server{URL: s.url, Value: s.values(t), Profiles: []*openapi3.T{spec}}, cases)
		}
	})
}

// values returns a function from the names of placeholders in vectors to their values on this server.
//
//	{$issuer}                    the issuer
//	{$user.USER}                 the id of a user
//	{$token.USER[:SCOPE]}        an access token of a user, the same each time
//	{$client.CLIENT}             an access token of a client itself, the same each time
//	{$fresh.USER}                a new access token, for requests that end its session
//	{$session.USER}              the id of a new session
//	{$refresh.USER[@CLIENT]}     a new refresh token
//	{$junk.DEFECT}               a new refresh token with a defect, see apitest.Spoil
func (s *server) values(t *testing.T) func(string) string {
	t.Helper()
	cached := map[string]string{}
	var mu sync.Mutex
	var value func(name string) string
	value = func(name string) string {
		if cached[name] != "" {
			return cached[name]
		}
		kind, who, _ := strings.Cut(name, ".")
		who, client, _ := strings.Cut(who, "@")
		switch kind {
		case "issuer":
			return s.issuer
		case "token":
			user, scope, _ := strings.Cut(who, ":")
			cached[name] = s.devToken(t, user, "scope", scope)
		case "client":
			cached[name] = s.clientToken(t, who, who+"-secret")
		case "user":
			return claim(t, value("token."+who), "sub")
		case "refresh":
			return s.refreshToken(t, who, client)
		case "fresh":
			return s.devToken(t, who)
		case "session":
			return claim(t, s.devToken(t, who), "sid")
		case "junk":
			return apitest.Spoil(s.refreshToken(t, "rita", ""), who)
		default:
			require.Fail(t, "unknown placeholder", name)
		}
		return cached[name]
	}
	return func(name string) string {
		mu.Lock()
		defer mu.Unlock()
		return value(name)
	}
}

// refreshToken signs in with a fixture client, or the built-in client if empty, and returns the refresh token.
func (s *server) refreshToken(t *testing.T, user, client string) string {
	t.Helper()
	secrets := map[string]string{"web": webSecret}
	_, refresh := s.devSignIn(t, user, "client_id", client, "client_secret", secrets[client])
	return refresh
}
