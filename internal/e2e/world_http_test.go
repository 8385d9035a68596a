package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// object is a JSON object.
type object = map[string]any

// caller calls a server from one IP address.
type caller struct {
	url     string
	issuer  string
	address string // sent in X-Forwarded-For; empty: the address of the connection, loopback
}

// from returns a caller with another IP address.
func (c caller) from(address string) caller {
	c.address = address
	return c
}

// noKeepAlive opens a connection for each request. The server closes idle connections, and a POST that
// is sent at that moment fails.
var noKeepAlive = &http.Transport{DisableKeepAlives: true}

// httpClient returns a client that checks every response against the contract.
func (c caller) httpClient(t *testing.T) *http.Client {
	t.Helper()
	contract, err := apitest.NewContract(noKeepAlive)
	require.NoError(t, err)
	return &http.Client{Timeout: waitTimeout, Transport: forwarded{contract, c.address}}
}

// forwarded adds X-Forwarded-For, as a trusted proxy does.
type forwarded struct {
	next    http.RoundTripper
	address string
}

func (f forwarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.address != "" && r.Header.Get("X-Forwarded-For") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("X-Forwarded-For", f.address)
	}
	return f.next.RoundTrip(r)
}

// response is an HTTP response that has been read.
type response struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, client *http.Client, r *http.Request) response {
	t.Helper()
	got, err := client.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	return response{got.StatusCode, got.Header, string(body)}
}

// newRequest returns a request for METHOD PATH. It has no content type if the body is empty.
func (c caller) newRequest(t *testing.T, operation, contentType, body string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(operation, " ")
	r, err := http.NewRequestWithContext(context.Background(), method, c.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// get requests a path with an access token, or without one if it is empty.
func (c caller) get(t *testing.T, path, token string) response {
	t.Helper()
	return c.call(t, token, "GET "+path)
}

// call sends METHOD PATH with an access token unless it is empty, and with a JSON body if there is one.
func (c caller) call(t *testing.T, token, operation string, body ...any) response {
	t.Helper()
	var text []byte
	if len(body) > 0 {
		var err error
		text, err = json.Marshal(body[0])
		require.NoError(t, err)
	}
	r := c.newRequest(t, operation, jsonType, string(text))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return send(t, c.httpClient(t), r)
}

// post sends a form, given as names and values in turn.
func (c caller) post(t *testing.T, path string, form ...string) response {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return send(t, c.httpClient(t), c.newRequest(t, "POST "+path, formType, values.Encode()))
}

// login requests a token by the password grant. More form parameters follow as names and values.
func (c caller) login(t *testing.T, username, password string, more ...string) response {
	t.Helper()
	form := []string{"grant_type", "password", "username", username, "password", password}
	return c.post(t, "/token", append(form, more...)...)
}

// loginWhenFree is a login that is repeated while a busy machine has no time for the hash.
func (c caller) loginWhenFree(t *testing.T, username, password string) response {
	t.Helper()
	got := c.login(t, username, password)
	for retry := 0; got.status == http.StatusServiceUnavailable && retry < 10; retry++ {
		got = c.login(t, username, password)
	}
	return got
}

// signIn is a login that must succeed. The refresh token is empty if the client gets none.
func (c caller) signIn(t *testing.T, username, password string, more ...string) (access, refresh string) {
	t.Helper()
	got := c.login(t, username, password, more...)
	require.Equal(t, http.StatusOK, got.status, got.body)
	refresh, _ = decode(t, got.body)["refresh_token"].(string)
	return field(t, got.body, "access_token"), refresh
}

// token is signIn without the refresh token.
func (c caller) token(t *testing.T, username, password string, more ...string) string {
	t.Helper()
	access, _ := c.signIn(t, username, password, more...)
	return access
}

// devSignIn is signIn for a development user.
func (c caller) devSignIn(t *testing.T, username string, more ...string) (access, refresh string) {
	t.Helper()
	return c.signIn(t, username, devPassword(username), more...)
}

// devToken is token for a development user.
func (c caller) devToken(t *testing.T, username string, more ...string) string {
	t.Helper()
	return c.token(t, username, devPassword(username), more...)
}

// clientToken requests an access token by the client credentials grant.
func (c caller) clientToken(t *testing.T, id, secret string) string {
	t.Helper()
	got := c.post(t, "/token", "grant_type", "client_credentials", "client_id", id, "client_secret", secret)
	require.Equal(t, http.StatusOK, got.status, got.body)
	return field(t, got.body, "access_token")
}

// refresh presents a refresh token.
func (c caller) refresh(t *testing.T, token string, more ...string) response {
	t.Helper()
	return c.post(t, "/token", append([]string{"grant_type", "refresh_token", "refresh_token", token}, more...)...)
}

// signUp requests a new user.
func (c caller) signUp(t *testing.T, username, password string) response {
	t.Helper()
	return c.call(t, "", "POST /api/auth/signup", object{
		"username": username, "email": username + "@example.com", "password": password})
}

func (c caller) mustSignUp(t *testing.T, username, password string) {
	t.Helper()
	got := c.signUp(t, username, password)
	require.Equal(t, http.StatusCreated, got.status, got.body)
}

// introspect reports whether a token is active, as the confidential client web.
func (c caller) introspect(t *testing.T, token string) bool {
	t.Helper()
	got := c.post(t, "/introspect", append([]string{"token", token}, asWeb...)...)
	require.Equal(t, http.StatusOK, got.status, got.body)
	if strings.Contains(got.body, "false") {
		require.JSONEq(t, `{"active": false}`, got.body)
		return false
	}
	return true
}

func (c caller) requireTokenAccepted(t *testing.T, token string, message ...any) {
	t.Helper()
	require.Equal(t, http.StatusOK, c.get(t, "/api/auth/users/me", token).status, message...)
}

func (c caller) requireTokenRejected(t *testing.T, token string, message ...any) {
	t.Helper()
	require.Equal(t, http.StatusUnauthorized, c.get(t, "/api/auth/users/me", token).status, message...)
}

func (c caller) requireLoginFails(t *testing.T, username, password string) {
	t.Helper()
	require.Equal(t, http.StatusBadRequest, c.login(t, username, password).status)
}

// requireSessionEnded requires that every replica rejects both tokens of a session.
func requireSessionEnded(t *testing.T, replicas []*server, access, refresh string, more ...string) {
	t.Helper()
	for _, s := range replicas {
		s.requireTokenRejected(t, access)
		require.False(t, s.introspect(t, access))
		require.False(t, s.introspect(t, refresh))
		requireRefreshRejected(t, s.refresh(t, refresh, more...))
	}
}

// requireRefreshRejected requires the response to every refresh token that is not valid.
func requireRefreshRejected(t *testing.T, got response) {
	t.Helper()
	require.Equal(t, http.StatusBadRequest, got.status, got.body)
	require.JSONEq(t, `{"error": "invalid_grant", "error_description": "the refresh token is unknown, expired, revoked or already used"}`, got.body)
}

// code returns the error code of a problem response (RFC 9457).
func (r response) code(t *testing.T) string {
	t.Helper()
	require.GreaterOrEqual(t, r.status, http.StatusBadRequest, r.body)
	return field(t, r.body, "code")
}

// decode reads a JSON object.
func decode(t *testing.T, text string) object {
	t.Helper()
	var o object
	require.NoError(t, json.Unmarshal([]byte(text), &o), text)
	return o
}

// decodeLines reads a JSON object from each line.
func decodeLines(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	for _, line := range lines(text) {
		all = append(all, decode(t, line))
	}
	return all
}

// field returns a string of a JSON object.
func field(t *testing.T, body, name string) string {
	t.Helper()
	value, ok := decode(t, body)[name].(string)
	require.True(t, ok, "%s in %s", name, body)
	return value
}

// items returns one field of every item in a list response.
func items[T any](t *testing.T, got response, name string) (all []T) {
	t.Helper()
	require.Equal(t, http.StatusOK, got.status, got.body)
	for _, item := range decode(t, got.body)["items"].([]any) {
		value, ok := item.(object)[name].(T)
		require.True(t, ok, "%s in %v", name, item)
		all = append(all, value)
	}
	return all
}

// claim returns a claim of an access token, without verifying the token.
func claim(t *testing.T, token, name string) string {
	t.Helper()
	return field(t, payload(t, token), name)
}

// payload returns the claims of a JWT as JSON, without verifying it.
func payload(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	return string(raw)
}

// concurrently calls do n times at once.
func concurrently(n int, do func(i int) response) []response {
	all, begin := make([]response, n), make(chan struct{})
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			<-begin
			all[i] = do(i)
		})
	}
	close(begin)
	wait.Wait()
	return all
}

// countStatuses returns how many responses have each status.
func countStatuses(all []response) map[int]int {
	count := map[int]int{}
	for _, got := range all {
		count[got.status]++
	}
	return count
}
