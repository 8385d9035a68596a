package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// cookieJar holds the cookies of a page, by name.
type cookieJar map[string]string

// callFromPage sends METHOD PATH as a same-origin page does, with a JSON body unless it is empty. It updates
// the cookies.
func (s *server) callFromPage(t *testing.T, cookies cookieJar, operation, body string) response {
	t.Helper()
	r := s.newRequest(t, operation, jsonType, body)
	r.Header.Set("Origin", s.issuer)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	got := send(t, s.httpClient(t), r)
	for _, cookie := range (&http.Response{Header: got.header}).Cookies() {
		cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(cookies, cookie.Name)
		}
	}
	return got
}

// loginBody signs in a development user.
const loginBody = `{"username": "user", "password": "user-dev-password"}`

// Scripts cannot read the cookies, except logged_in, which holds no secret. On https they are bound to the
// host and to TLS (RFC 6265bis §4.1.3.2). Signing out removes them.
func TestSessionCookies(t *testing.T) {
	t.Parallel()
	for issuer, c := range map[string]struct{ prefix, secure string }{
		testIssuer:                 {},
		"https://auth.example.com": {"__Host-", "; Secure"},
	} {
		t.Run(issuer, func(t *testing.T) {
			t.Parallel()
			s := start(t, newSQLite(t), "LATCHKEY_ISSUER="+issuer, "LATCHKEY_BEHIND_TLS_PROXY=true")
			access, refresh := c.prefix+"latchkey_access", c.prefix+"latchkey_refresh"
			set := func(values string) []string {
				return []string{
					access + "=" + values + "; Path=/; Max-Age=900; HttpOnly" + c.secure + "; SameSite=Strict",
					refresh + "=" + values + "; Path=/; Max-Age=1209600; HttpOnly" + c.secure + "; SameSite=Strict",
					"logged_in=" + values + "; Path=/; Max-Age=1209600" + c.secure + "; SameSite=Strict",
				}
			}
			cookies := cookieJar{}
			got := s.callFromPage(t, cookies, "POST /api/auth/login", loginBody)
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.JSONEq(t, `{"expires_in": 900, "refresh_expires_in": 1209600, "scope": "profile"}`, got.body)
			device := c.prefix + "latchkey_device"
			require.Equal(t, append(set("*"), device+"=*; Path=/; Max-Age=7776000; HttpOnly"+c.secure+"; SameSite=Strict"), withoutValues(got.header))
			require.Equal(t, "true", cookies["logged_in"])
			require.Regexp(t, `^ey`, cookies[access])
			require.Regexp(t, `^rt_`, cookies[refresh])
			require.Equal(t, http.StatusOK, s.callFromPage(t, cookies, "GET /api/auth/users/me", "").status)

			before := cookieJar{access: cookies[access], refresh: cookies[refresh]}
			got = s.callFromPage(t, cookies, "POST /api/auth/refresh", "")
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.Equal(t, set("*"), withoutValues(got.header))
			require.NotEqual(t, before[refresh], cookies[refresh])

			got = s.callFromPage(t, cookies, "POST /api/auth/logout", "")
			require.Equal(t, http.StatusNoContent, got.status)
			require.Equal(t, []string{
				access + "=; Path=/; Max-Age=0; HttpOnly" + c.secure + "; SameSite=Strict",
				refresh + "=; Path=/; Max-Age=0; HttpOnly" + c.secure + "; SameSite=Strict",
				"logged_in=; Path=/; Max-Age=0" + c.secure + "; SameSite=Strict",
			}, got.header.Values("Set-Cookie"))
			require.Len(t, cookies, 1)
			require.Contains(t, cookies, device, "the device hint is for the next sign-in")
			require.Equal(t, http.StatusNoContent, s.callFromPage(t, cookies, "POST /api/auth/logout", "").status, "signing out again is no error")

			// The session has ended, also for a copy of the cookies.
			require.Equal(t, http.StatusUnauthorized, s.callFromPage(t, before, "GET /api/auth/users/me", "").status)
			got = s.callFromPage(t, before, "POST /api/auth/refresh", "")
			require.Equal(t, http.StatusUnauthorized, got.status)
			require.Empty(t, before, "the cookies of an ended session are removed")
			requireRefreshRejected(t, s.refresh(t, "rt_any"))
		})
	}
}

// withoutValues returns the Set-Cookie headers with * in place of the values.
func withoutValues(header http.Header) []string {
	all := header.Values("Set-Cookie")
	for i, cookie := range all {
		pair, attributes, _ := strings.Cut(cookie, " ")
		all[i] = regexp.MustCompile(`=[^;]+;`).ReplaceAllString(pair, "=*;") + " " + attributes
	}
	return all
}

// On https a cookie without the __Host- prefix is ignored: another host of the domain could have set it.
func TestCookieWithoutHostPrefix(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t), "LATCHKEY_ISSUER=https://auth.example.com", "LATCHKEY_BEHIND_TLS_PROXY=true")
	access, refresh := s.devSignIn(t, "user")
	planted := cookieJar{"latchkey_access": access, "latchkey_refresh": refresh}
	require.Equal(t, http.StatusUnauthorized, s.callFromPage(t, planted, "GET /api/auth/users/me", "").status)
	require.Equal(t, http.StatusUnauthorized, s.callFromPage(t, planted, "POST /api/auth/refresh", "").status)
	require.Equal(t, http.StatusOK, s.callFromPage(t, cookieJar{"__Host-latchkey_access": access}, "GET /api/auth/users/me", "").status)
}

// A failed sign-in sets no cookies. The Authorization header is used instead of the cookies if there is one.
func TestCookiesAndBearerToken(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	cookies := cookieJar{}
	require.Equal(t, http.StatusUnauthorized, s.callFromPage(t, cookies, "POST /api/auth/login", `{"username": "user", "password": "wrong"}`).status)
	require.Empty(t, cookies)
	s.callFromPage(t, cookies, "POST /api/auth/login", loginBody)
	require.Equal(t, http.StatusNoContent, s.callFromPage(t, cookies, "DELETE /api/auth/users/me/sessions", "").status)
	r := s.newRequest(t, "GET /api/auth/users/me", "", "")
	r.AddCookie(&http.Cookie{Name: "latchkey_access", Value: cookies["latchkey_access"]})
	r.Header.Set("Authorization", "Bearer "+s.devToken(t, "admin"))
	require.Equal(t, "admin", field(t, send(t, s.httpClient(t), r).body, "username"), "the header is used")
	r.Header.Set("Authorization", "Bearer junk")
	require.Equal(t, http.StatusUnauthorized, send(t, s.httpClient(t), r).status, "the cookie does not replace an invalid header")
}
