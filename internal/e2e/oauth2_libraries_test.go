package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// golang.org/x/oauth2 gets a token as every kind of client, with every style of authentication.
func TestPasswordGrantByLibrary(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		s := start(t, inst)
		styles := map[string]oauth2.AuthStyle{
			"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams, "probing": oauth2.AuthStyleAutoDetect}
		for _, client := range []struct{ name, id, secret string }{
			{name: "no client"}, {"public", "spa", ""}, {"confidential", "swagger-ui", "s+x %"}, {"confidential, secret to be encoded", "web", webSecret},
		} {
			for name, style := range styles {
				t.Run(client.name+", "+name, func(t *testing.T) {
					t.Parallel()
					c := oauth2.Config{ClientID: client.id, ClientSecret: client.secret, Scopes: []string{"profile"},
						Endpoint: oauth2.Endpoint{TokenURL: s.url + "/token", AuthStyle: style}}
					ctx := context.WithValue(t.Context(), oauth2.HTTPClient, s.from("203.0.113.1").httpClient(t))
					token, err := c.PasswordCredentialsToken(ctx, "user", devPassword("user"))
					require.NoError(t, err)
					require.True(t, token.Valid())
					require.Equal(t, "Bearer", token.Type())
					require.Equal(t, "profile", token.Extra("scope"))
					me := send(t, c.Client(ctx, token), s.newRequest(t, "GET /api/users/me", "", ""))
					require.Equal(t, http.StatusOK, me.status)
				})
			}
		}
	})
}

// golang.org/x/oauth2 refreshes an expired token as every kind of client and keeps the new refresh
// token. go-oidc requests the user info.
func TestRefreshByLibrary(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		s := start(t, inst, "LATCHKEY_ISSUER=")
		for name, client := range map[string][2]string{"no client": {}, "public": {"spa", ""}, "confidential, secret to be encoded": {"web", webSecret}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ctx := oidc.ClientContext(t.Context(), s.from("203.0.113.9").httpClient(t))
				provider, err := oidc.NewProvider(ctx, s.issuer)
				require.NoError(t, err)
				// The library probes for the style of authentication, which must not use up a token.
				c := oauth2.Config{ClientID: client[0], ClientSecret: client[1], Endpoint: provider.Endpoint()}
				token, err := c.PasswordCredentialsToken(ctx, "user", devPassword("user"))
				require.NoError(t, err)
				seen := map[string]bool{token.RefreshToken: true}
				for range 3 {
					token.Expiry = time.Now().Add(-time.Minute)
					source := c.TokenSource(ctx, token)
					token, err = source.Token()
					require.NoError(t, err)
					require.False(t, seen[token.RefreshToken])
					seen[token.RefreshToken] = true
					info, err := provider.UserInfo(ctx, source)
					require.NoError(t, err)
					require.Equal(t, claim(t, token.AccessToken, "sub"), info.Subject)
					require.Equal(t, "user@example.com", info.Email)
					var claims struct {
						Name  string   `json:"preferred_username"`
						Roles []string `json:"roles"`
					}
					require.NoError(t, info.Claims(&claims))
					require.Equal(t, "user", claims.Name)
					require.Equal(t, []string{"ROLE_USER"}, claims.Roles)
				}
			})
		}
	})
}

// golang.org/x/oauth2 gets a token for the client itself.
func TestClientCredentialsByLibrary(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.addClients(t)
	s := start(t, inst)
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams, oauth2.AuthStyleAutoDetect} {
		c := clientcredentials.Config{ClientID: "worker", ClientSecret: "worker-secret", TokenURL: s.url + "/token", AuthStyle: style}
		token, err := c.Token(context.WithValue(t.Context(), oauth2.HTTPClient, s.httpClient(t)))
		require.NoError(t, err)
		require.Empty(t, token.RefreshToken)
		require.Equal(t, "worker", claim(t, token.AccessToken, "sub"))
		require.Equal(t, "users:read", token.Extra("scope"))
	}
}
