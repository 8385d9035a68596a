package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// A client that knows the issuer alone finds the keys and verifies a token, whatever the algorithm.
func TestDiscoveryVerifies(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := start(t, sqlitePlace(t), "LATCHKEY_ISSUER=", "LATCHKEY_SIGNING_ALGORITHM="+algorithm)
			ctx := oidc.ClientContext(t.Context(), client(t, ""))
			provider, err := oidc.NewProvider(ctx, s.issuer)
			require.NoError(t, err)
			verifier := provider.Verifier(&oidc.Config{SkipClientIDCheck: true})
			token, err := verifier.Verify(ctx, s.token(t, "moderator", devPassword("moderator")))
			require.NoError(t, err)
			require.Equal(t, []string{s.issuer}, token.Audience)
			var claims struct {
				Roles []string `json:"roles"`
				Scope string   `json:"scope"`
			}
			require.NoError(t, token.Claims(&claims))
			require.Equal(t, []string{"ROLE_MODERATOR"}, claims.Roles)
			require.Equal(t, "profile users:read", claims.Scope)
			_, err = verifier.Verify(ctx, s.token(t, "user", devPassword("user"))+"A")
			require.Error(t, err)
		})
	}
}

// A library that knows nothing of OpenID, with the key read by hand from the key set (RFC 7517), and
// the claims and header of RFC 9068.
func TestForeignLibraryVerifies(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		set := s.get(t, "/.well-known/jwks.json", "")
		text := s.token(t, "user", devPassword("user"))
		claims := jwt.MapClaims{}
		token, err := jwt.NewParser(
			jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(s.issuer), jwt.WithAudience(s.issuer),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		).ParseWithClaims(text, claims, func(token *jwt.Token) (any, error) { return keyOf(set.body, token.Header["kid"]) })
		require.NoError(t, err)
		require.Equal(t, "at+jwt", token.Header["typ"])
		require.Len(t, token.Header, 3)

		me := s.get(t, "/api/auth/users/me", text).body
		require.Equal(t, member(t, me, "id"), claims["sub"])
		require.Equal(t, "latchkey-public", claims["client_id"])
		require.Equal(t, "profile", claims["scope"])
		require.Equal(t, []any{"ROLE_USER"}, claims["roles"])
		require.InDelta(t, 900, claims["exp"].(float64)-claims["iat"].(float64), 0) //nolint:forcetypeassert // or the test fails
		require.NotEmpty(t, claims["jti"])
		require.NotEmpty(t, claims["sid"])
		require.NotContains(t, claims, "nbf")
		require.NotContains(t, claims, "email")
	})
}

// keyOf reads a P-256 key of a key set.
func keyOf(set string, kid any) (*ecdsa.PublicKey, error) {
	var parsed struct {
		Keys []struct{ Kid, Crv, X, Y string }
	}
	if err := json.Unmarshal([]byte(set), &parsed); err != nil {
		return nil, err
	}
	for _, k := range parsed.Keys {
		if k.Kid != kid || k.Crv != "P-256" {
			continue
		}
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if err := errors.Join(errX, errY); err != nil {
			return nil, err
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y)) // SEC 1 §2.3.3
	}
	return nil, fmt.Errorf("no key %v", kid)
}

// golang.org/x/oauth2 gets a token as every kind of client, in every style.
func TestOAuth2Library(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		world(t, at, func(ctx context.Context, db database) { stockClients(ctx, t, db) })
		s := start(t, at)
		styles := map[string]oauth2.AuthStyle{
			"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams, "probing": oauth2.AuthStyleAutoDetect}
		for _, who := range []struct{ name, id, secret string }{
			{name: "no client"}, {"public", "spa", ""}, {"confidential", "swagger-ui", "s+x %"}, {"confidential, odd secret", "web", "s%x+"},
		} {
			for name, style := range styles {
				t.Run(who.name+", "+name, func(t *testing.T) {
					t.Parallel()
					c := oauth2.Config{ClientID: who.id, ClientSecret: who.secret, Scopes: []string{"profile"},
						Endpoint: oauth2.Endpoint{TokenURL: s.url + "/token", AuthStyle: style}}
					ctx := context.WithValue(t.Context(), oauth2.HTTPClient, client(t, "203.0.113.1"))
					token, err := c.PasswordCredentialsToken(ctx, "user", devPassword("user"))
					require.NoError(t, err)
					require.True(t, token.Valid())
					require.Equal(t, "Bearer", token.Type())
					require.Equal(t, "profile", token.Extra("scope"))
					me := send(t, c.Client(ctx, token), request(t, http.MethodGet, s.url+"/api/users/me", "", ""))
					require.Equal(t, http.StatusOK, me.status)
				})
			}
		}
	})
}

// The library sends a wrong password twice, to find out how clients authenticate. It counts once:
// ten wrong passwords are ten tries, and the eleventh is one too many.
func TestProbingCountsOnce(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		c := oauth2.Config{Endpoint: oauth2.Endpoint{TokenURL: s.url + "/token"}}
		for try := 1; try <= 11; try++ {
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, client(t, fmt.Sprintf("203.0.113.%d", try)))
			_, err := c.PasswordCredentialsToken(ctx, "user", fmt.Sprintf("wrong-%d", try))
			var refused *oauth2.RetrieveError
			require.ErrorAs(t, err, &refused)
			if try <= 10 {
				require.Equal(t, "invalid_grant", refused.ErrorCode, "try %d", try)
			} else {
				require.Equal(t, http.StatusTooManyRequests, refused.Response.StatusCode)
				require.Equal(t, "temporarily_unavailable", refused.ErrorCode)
			}
		}
	})
}

// golang.org/x/oauth2 refreshes by itself, as every kind of client, and finds the newest refresh token
// each time; go-oidc asks who the user is.
func TestLibrariesRefresh(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		world(t, at, func(ctx context.Context, db database) { stockClients(ctx, t, db) })
		s := start(t, at, "LATCHKEY_ISSUER=")
		for name, who := range map[string][2]string{"no client": {}, "public": {"spa", ""}, "confidential, odd secret": {"web", "s%x+"}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ctx := oidc.ClientContext(t.Context(), client(t, "203.0.113.9"))
				provider, err := oidc.NewProvider(ctx, s.issuer)
				require.NoError(t, err)
				// The endpoint's style is found by probing, which must not use a token up.
				c := oauth2.Config{ClientID: who[0], ClientSecret: who[1], Endpoint: provider.Endpoint()}
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

// And gets a token of the client's own.
func TestLibraryClientCredentials(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	world(t, at, func(ctx context.Context, db database) { stockClients(ctx, t, db) })
	s := start(t, at)
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams, oauth2.AuthStyleAutoDetect} {
		c := clientcredentials.Config{ClientID: "worker", ClientSecret: "worker-secret", TokenURL: s.url + "/token", AuthStyle: style}
		token, err := c.Token(context.WithValue(t.Context(), oauth2.HTTPClient, client(t, "")))
		require.NoError(t, err)
		require.Empty(t, token.RefreshToken)
		require.Equal(t, "worker", claim(t, token.AccessToken, "sub"))
		require.Equal(t, "users:read", token.Extra("scope"))
	}
}
