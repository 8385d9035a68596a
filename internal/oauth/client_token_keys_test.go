package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// plainVault writes the secret of the fixture and the client before the key.
type plainVault struct{ f *fixture }

func (v plainVault) prefix(client string) string { return "sealed " + v.f.secret + " " + client + " " }

func (v plainVault) Seal(client string, key []byte) []byte {
	return append([]byte(v.prefix(client)), key...)
}

func (v plainVault) Open(client string, sealed []byte) ([]byte, error) {
	parts := strings.Fields(string(sealed))
	if len(parts) != 4 || parts[2] != client {
		return nil, errors.New("sealed for another client")
	}
	return []byte(parts[3]), nil
}

func (v plainVault) Current(sealed []byte) bool {
	return strings.HasPrefix(string(sealed), "sealed "+v.f.secret+" ")
}

// realm is a client whose tokens are for a third party.
func realm() oauth.Client {
	return oauth.Client{
		ID: "realm", Public: true, FirstParty: true, Grants: []string{oauth.GrantPassword, oauth.GrantRefresh}, Audiences: []string{"app-1"},
		TokenAlgorithm: oauth.HS256,
		Claims:         `{ "user_data": {"mail": "{{user.email}}", "verified": "{{user.email_verified}}", "roles": "{{user.roles}}"} }`,
	}
}

var asRealm = oauth.Credentials{Pairs: []oauth.Pair{{ID: "realm"}}}

// parts returns the key with which plainKeys has signed a token, and its claims.
func parts(t *testing.T, token string) (key string, c oauth.Claims) {
	t.Helper()
	key, body, found := strings.Cut(token, ".")
	require.True(t, found, "not signed with a shared key")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &c))
	return key, c
}

func TestSharedKeyTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c, secrets, err := f.CreateClient(t.Context(), oauth.Operator, realm())
	require.NoError(t, err)
	require.Empty(t, secrets.Secret)
	require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, secrets.TokenKey)
	require.NotContains(t, c.Claims, " ", "they are stored without white space")

	tokens := f.signIn(t, f.user, asRealm)
	refreshed, err := f.refresh(t, tokens.RefreshToken, asRealm)
	require.NoError(t, err)
	for _, token := range []string{tokens.AccessToken, refreshed.AccessToken} {
		key, got := parts(t, token)
		require.Equal(t, secrets.TokenKey, key)
		require.Equal(t, []string{"app-1"}, got.Audience)
		require.Equal(t, f.user.ID, got.Subject)
		roles := []any{}
		for _, role := range f.user.Roles {
			roles = append(roles, role)
		}
		require.Equal(t, map[string]any{"user_data": map[string]any{
			"mail": f.user.Email, "verified": f.user.EmailVerified, "roles": roles,
		}}, got.Extra)

		_, err = f.Principal(t.Context(), token)
		require.ErrorIs(t, err, oauth.ErrInvalidToken)
		require.NoError(t, f.Revoke(t.Context(), oauth.TokenQuery{Token: token, Client: asRealm}))
	}
	_, err = f.refresh(t, refreshed.RefreshToken, asRealm)
	require.NoError(t, err, "such a token is unknown here, so it revokes nothing")
}

// Extra claims are in tokens of the service's own algorithm as well, which the service accepts.
func TestExtraClaimsOfOwnTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := realm()
	c.TokenAlgorithm, c.Audiences = "", nil
	_, secrets, err := f.CreateClient(t.Context(), oauth.Operator, c)
	require.NoError(t, err)
	require.Empty(t, secrets.TokenKey)
	who, err := f.Principal(t.Context(), f.signIn(t, f.user, asRealm).AccessToken)
	require.NoError(t, err)
	require.Equal(t, f.user.Email, who.Claims.Extra["user_data"].(map[string]any)["mail"]) //nolint:forcetypeassert // a panic fails the test
}

func TestRotateTokenKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, secrets, err := f.CreateClient(t.Context(), oauth.Operator, realm())
	require.NoError(t, err)
	signedWith := func() string {
		key, _ := parts(t, f.signIn(t, f.user, asRealm).AccessToken)
		return key
	}
	rotate := func(delay time.Duration) string {
		c, key, err := f.RotateTokenKey(t.Context(), oauth.Operator, "realm", delay)
		require.NoError(t, err)
		stored, err := f.Client(t.Context(), "realm")
		require.NoError(t, err)
		require.Equal(t, stored, c)
		require.Equal(t, audit.ClientKeyRotated, f.lastEvent(t).Action)
		return key
	}
	first := secrets.TokenKey
	require.Equal(t, first, signedWith())
	second := rotate(time.Hour)
	require.Equal(t, first, signedWith(), "the new key waits")
	third := rotate(time.Hour)
	f.now = noon.Add(time.Hour - time.Second)
	require.Equal(t, first, signedWith())
	f.now = noon.Add(time.Hour)
	require.Equal(t, third, signedWith(), "the key that was waiting has been replaced")
	fourth := rotate(time.Minute)
	require.Equal(t, third, signedWith())
	fifth := rotate(0)
	require.Equal(t, fifth, signedWith(), "without a delay it signs at once")
	f.now = noon.Add(24 * time.Hour)
	require.Equal(t, fifth, signedWith(), "a key that was waiting is gone")
	keys := map[string]bool{first: true, second: true, third: true, fourth: true, fifth: true}
	require.Len(t, keys, 5)
}

// A client changes to HS256 once it has a key, which can be created before.
func TestChangeToSharedKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := realm()
	c.TokenAlgorithm = ""
	_, _, err := f.CreateClient(t.Context(), oauth.Operator, c)
	require.NoError(t, err)
	change := func(to string) error {
		_, err := f.UpdateClient(t.Context(), oauth.Operator, "realm", oauth.ClientPatch{TokenAlgorithm: &to})
		return err
	}
	requireFault(t, change(oauth.HS256), oauth.InvalidClientMetadata, "/access_token_algorithm")
	_, key, err := f.RotateTokenKey(t.Context(), oauth.Operator, "realm", time.Hour)
	require.NoError(t, err)
	require.NoError(t, change(oauth.HS256))
	got, _ := parts(t, f.signIn(t, f.user, asRealm).AccessToken)
	require.Equal(t, key, got, "a first key does not wait")
	require.NoError(t, change(""))
	_, err = f.Principal(t.Context(), f.signIn(t, f.user, asRealm).AccessToken)
	require.NoError(t, err)
}

func TestRotateTokenKeyRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	powerful := newClient("powerful")
	powerful.Scopes = []string{"users:write"}
	_, _, err := f.CreateClient(t.Context(), oauth.Operator, powerful)
	require.NoError(t, err)
	_, _, err = f.RotateTokenKey(t.Context(), reader, "powerful", 0)
	requireFault(t, err, "insufficient_scope", "")
	for _, id := range []string{"nobody", "", oauth.PublicClientID} {
		_, _, err = f.RotateTokenKey(t.Context(), oauth.Operator, id, 0)
		requireFault(t, err, "not_found", "")
	}

	withoutSecret, err := oauth.NewClientRegistry(f.store, nil, time.Now)
	require.NoError(t, err)
	_, _, err = withoutSecret.RotateTokenKey(t.Context(), oauth.Operator, "powerful", 0)
	require.ErrorContains(t, err, "needs the master secret")
	_, _, err = withoutSecret.CreateClient(t.Context(), oauth.Operator, realm())
	require.ErrorContains(t, err, "needs the master secret")
	requireFault(t, f.DeleteClient(t.Context(), oauth.Operator, "realm"), "not_found", "")
}

// After a change of the master secret the keys are sealed anew and remain the same.
func TestResealTokenKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, secrets, err := f.CreateClient(t.Context(), oauth.Operator, realm())
	require.NoError(t, err)
	_, next, err := f.RotateTokenKey(t.Context(), oauth.Operator, "realm", time.Hour)
	require.NoError(t, err)
	f.addClient(t, true)
	f.secret = "2"
	old, err := f.OldTokenKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, old, 1)
	for range 2 {
		require.NoError(t, f.ResealTokenKeys(t.Context()))
		c, err := f.Client(t.Context(), "realm")
		require.NoError(t, err)
		require.Equal(t, oauth.TokenKeys{
			Current: []byte("sealed 2 realm " + secrets.TokenKey), Next: []byte("sealed 2 realm " + next), NextFrom: noon.Add(time.Hour),
		}, c.TokenKeys)
	}
	old, err = f.OldTokenKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, old)
}
