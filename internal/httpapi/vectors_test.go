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
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/password"
)

const issuer = "http://localhost:8080"

// nothing stands for all that costs something: stores, limits and hasher. To call it is a panic,
// which the server answers with a 500 that no vector allows.
type nothing struct {
	account.Store
	oauth.ClientStore
	oauth.SessionStore
	oauth.Limiter
}

type noSignups struct{ account.Limiter }

// noHashes knows the common passwords and hashes none.
type noHashes struct{ account.Passwords }

func (noHashes) Common(text string) bool { return (*password.Hasher)(nil).Common(text) }

// noKeys knows no token.
type noKeys struct{}

func (noKeys) Sign(oauth.Claims) (string, error)   { panic("a token is signed") }
func (noKeys) Verify(string) (oauth.Claims, error) { return oauth.Claims{}, oauth.ErrInvalidToken }
func (noKeys) Keys() []oauth.PublicKey             { return nil }
func (noKeys) Algorithms() []string                { return []string{"ES256"} }

// options assembles a server that can do nothing that costs.
func options() httpapi.Options {
	log := slog.New(slog.DiscardHandler)
	accounts := account.New(account.Options{
		Store: nothing{}, Passwords: noHashes{}, MinPassword: 8, Signup: true,
		Limits: noSignups{}, Now: time.Now, Log: log,
	})
	return httpapi.Options{
		Issuer: issuer, Accounts: accounts, Keys: noKeys{}, DemoRoutes: true, CORSLoopback: true, Log: log,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		OAuth: oauth.New(oauth.Options{
			Settings: oauth.Settings{Issuer: issuer, Audience: []string{issuer}, AccessTTL: time.Minute, PublicClient: true},
			Accounts: accounts, Clients: nothing{}, Sessions: nothing{}, Keys: noKeys{}, Limits: nothing{}, Now: time.Now, Log: log,
			RefreshKeys: [][]byte{refreshKey},
		}),
	}
}

// start serves over a real connection, so that net/http has its say as in production.
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

// load reads the vectors that cost nothing, of all directories.
func load(t *testing.T) []apitest.Case {
	t.Helper()
	var all []apitest.Case
	for _, dir := range []string{"token", "account", "guard", "admin", "browser", "own", "onetime", "users", "audit"} {
		cases, err := apitest.Load("testdata/" + dir)
		require.NoError(t, err)
		all = append(all, slices.DeleteFunc(cases, func(c apitest.Case) bool { return !c.Free })...)
	}
	require.Greater(t, len(all), 100)
	return all
}

// A malformed request costs no hash and no query.
func TestMalformedCostsNothing(t *testing.T) {
	t.Parallel()
	url := start(t, options())
	apitest.Run(t, apitest.Server{URL: url, Value: func(name string) string {
		how, junk := strings.CutPrefix(name, "junk.")
		if junk {
			return apitest.Spoil(goodToken(), how)
		}
		require.Equal(t, "issuer", name, "a case that costs nothing has no token")
		return issuer
	}}, load(t))
}

// refreshKey signs the tokens of the server that can do nothing.
var refreshKey = []byte("0123456789abcdef0123456789abcdef")

// goodToken is a refresh token of that server, made by the description of its format alone.
func goodToken() string {
	number := sha256.Sum256(append([]byte("refresh key number"), refreshKey...))
	raw := append([]byte{0x01, number[0]}, "sixteen of bytes"...)
	raw = append(raw, 7) // the counter
	mac := hmac.New(sha256.New, refreshKey)
	mac.Write([]byte("rt1"))
	mac.Write(raw)
	return "rt_" + base64.RawURLEncoding.EncodeToString(mac.Sum(raw))
}

// A hundred thousand junk tokens ask for nothing: each is refused before the store is called, which
// here would be a panic. The token that they were made from does ask.
func TestJunkTokensAskNothing(t *testing.T) {
	t.Parallel()
	service := options().OAuth
	use := func(token string) error {
		_, err := service.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantRefresh, RefreshToken: token})
		return err
	}
	good := []byte(goodToken())
	require.Panics(t, func() { _ = use(string(good)) })
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for range 100_000 {
		junk := slices.Clone(good)
		at := 3 + rand.IntN(len(junk)-3)
		junk[at] = characters[(strings.IndexByte(characters, junk[at])+1+rand.IntN(63))%64]
		require.ErrorIs(t, use(string(junk)), oauth.ErrRefresh)
	}
}

// What would cost something does reach the stores: the vectors above do not pass by an accident of
// the assembly.
func TestWellFormedCosts(t *testing.T) {
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
	require.JSONEq(t, `{"error": "server_error", "error_description": "an unexpected fault; quote the request id"}`, string(body))
}

func contract(t *testing.T) http.RoundTripper {
	t.Helper()
	checked, err := apitest.NewContract(apitest.Verbatim{})
	require.NoError(t, err)
	return checked
}
