package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/password"
)

const issuer = "http://localhost:8080"

// noStore stands for the stores and rate limits. Calling it panics, which makes the server return a
// 500 that no vector accepts.
type noStore struct {
	account.UserStore
	account.RoleStore
	account.OneTimeTokenStore
	account.Queue
	oauth.ClientStore
	oauth.SessionStore
	oauth.EndedSessionStore
	oauth.Limiter
	audit.Store
}

// noLimiter panics when it is called.
type noLimiter struct{ account.Limiter }

// noHasher knows the common passwords. Hashing panics.
type noHasher struct{ account.Passwords }

func (noHasher) Common(text string) bool { return (*password.Hasher)(nil).Common(text) }

// noKeys accepts no access token. Signing panics.
type noKeys struct{}

func (noKeys) Sign(oauth.Claims) (string, error)   { panic("Sign called") }
func (noKeys) Verify(string) (oauth.Claims, error) { return oauth.Claims{}, oauth.ErrInvalidToken }
func (noKeys) SignShared(oauth.Claims, []byte) (string, error) {
	panic("SignShared called")
}
func (noKeys) SignRevocations(oauth.Revocations) (string, error) {
	panic("SignRevocations called")
}
func (noKeys) Keys() []keyring.PublicKey { return nil }
func (noKeys) Algorithms() []string      { return []string{"ES256"} }

// noVault panics when it is called.
type noVault struct{ oauth.Vault }

// options returns the options of a server that panics when a request reaches a store or the hasher.
func options() httpapi.Options {
	log := slog.New(slog.DiscardHandler)
	directory := must(account.NewDirectory(account.DirectoryOptions{
		Users: noStore{}, Roles: noStore{}, Tokens: noStore{}, Events: noStore{}, Queue: noStore{},
		Passwords: noHasher{}, MinPassword: 8, Now: time.Now, Log: log,
	}))
	accounts := must(account.New(directory, account.Options{Limits: noLimiter{}, Signup: true}))
	return httpapi.Options{
		Issuer: issuer, Accounts: accounts, Audit: must(audit.NewLog(noStore{}, time.Now)), Keys: noKeys{}, DemoRoutes: true, CORSLoopback: true, Log: log,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		OAuth: must(oauth.New(oauth.Options{
			Settings: oauth.Settings{
				Issuer: issuer, Audience: []string{issuer}, AccessTTL: time.Minute, SessionIdle: time.Hour, SessionMax: time.Hour,
				PublicClient: true,
			},
			Accounts: accounts, Clients: noStore{}, Sessions: noStore{}, Ended: noStore{}, Keys: noKeys{}, Vault: noVault{}, Limits: noStore{}, Events: noStore{},
			Now: time.Now, Log: log, RefreshKeys: [][]byte{refreshKey},
		})),
	}
}

// must returns v of a constructor whose options the tests have made.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// start serves over real connections, so that requests pass net/http as in production.
func start(t *testing.T, o httpapi.Options) string {
	t.Helper()
	api, err := httpapi.New(o)
	require.NoError(t, err)
	handler, err := api.Handler()
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// loadNoCost reads the vectors with the directive cost: none.
func loadNoCost(t *testing.T) []apitest.Case {
	t.Helper()
	var all []apitest.Case
	for _, dir := range []string{"token", "account", "guard", "admin", "browser", "own", "onetime", "users", "audit", "operate"} {
		cases, err := apitest.Load("testdata/" + dir)
		require.NoError(t, err)
		all = append(all, slices.DeleteFunc(cases, func(c apitest.Case) bool { return !c.NoCost })...)
	}
	require.Greater(t, len(all), 100)
	return all
}

// Malformed requests reach neither the stores nor the password hasher.
func TestMalformedRequestsCostNothing(t *testing.T) {
	t.Parallel()
	url := start(t, options())
	apitest.Run(t, apitest.Server{URL: url, Value: func(name string) string {
		if how, ok := strings.CutPrefix(name, "junk."); ok {
			return apitest.Spoil(refreshToken(), how)
		}
		require.Equal(t, "issuer", name, "a vector with cost: none cannot use a valid token")
		return issuer
	}}, loadNoCost(t))
}

// refreshKey is the MAC key of the refresh tokens.
var refreshKey = []byte("0123456789abcdef0123456789abcdef")

// refreshToken returns a valid refresh token. It is built from the description of the format, not by
// the code under test.
func refreshToken() string {
	number := sha256.Sum256(append([]byte("refresh key number"), refreshKey...))
	raw := append([]byte{0x01, number[0]}, "sixteen of bytes"...)
	raw = append(raw, 7) // the counter
	mac := hmac.New(sha256.New, refreshKey)
	mac.Write([]byte("rt1"))
	mac.Write(raw)
	return "rt_" + base64.RawURLEncoding.EncodeToString(mac.Sum(raw))
}

// 100,000 modified refresh tokens are refused before the store is called, which would panic. The
// valid token that they are made from reaches the store.
func TestModifiedRefreshTokensCostNothing(t *testing.T) {
	t.Parallel()
	service := options().OAuth
	refresh := func(token string) error {
		_, err := service.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantRefresh, RefreshToken: token})
		return err
	}
	valid := []byte(refreshToken())
	require.Panics(t, func() { _ = refresh(string(valid)) })
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for range 100_000 {
		modified := slices.Clone(valid)
		i := 3 + rand.IntN(len(modified)-3)
		modified[i] = characters[(strings.IndexByte(characters, modified[i])+1+rand.IntN(63))%64]
		require.ErrorIs(t, refresh(string(modified)), oauth.ErrRefresh)
	}
}

// A well-formed request does reach the stores, so TestMalformedRequestsCostNothing can fail.
func TestWellFormedRequestReachesStore(t *testing.T) {
	t.Parallel()
	client := http.Client{Transport: contract(t)}
	url := start(t, options())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/token",
		strings.NewReader("grant_type=password&username=user&password=x"))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, http.StatusInternalServerError, response.StatusCode)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.JSONEq(t, `{"error": "server_error", "error_description": "internal error; include the request id when you report it"}`, string(body))
}

// contract returns a transport that validates responses against the contract.
func contract(t *testing.T) http.RoundTripper {
	t.Helper()
	transport, err := apitest.NewContract(apitest.Verbatim{})
	require.NoError(t, err)
	return transport
}
