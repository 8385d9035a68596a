package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// jar is a page's cookies, as a browser would keep them.
type jar map[string]string

// page sends what a page would: its cookies, JSON, and where it comes from.
func (s *server) page(t *testing.T, cookies jar, method, path, body string) answer {
	t.Helper()
	r := request(t, method, s.url+path, "", body)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Origin", s.issuer)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	got := send(t, client(t, ""), r)
	for _, cookie := range (&http.Response{Header: got.header}).Cookies() {
		cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(cookies, cookie.Name)
		}
	}
	return got
}

// loginBody signs the seeded user in.
const loginBody = `{"username": "user", "password": "user-dev-password"}`

// The cookies of a page: out of reach of scripts but for one that says nothing, and on https bound
// to the host and to TLS (RFC 6265bis §4.1.3.2). Signing out takes them back.
func TestCookies(t *testing.T) {
	t.Parallel()
	for issuer, c := range map[string]struct{ prefix, secure string }{
		testIssuer:                 {},
		"https://auth.example.com": {"__Host-", "; Secure"},
	} {
		t.Run(issuer, func(t *testing.T) {
			t.Parallel()
			s := start(t, sqlitePlace(t), "LATCHKEY_ISSUER="+issuer, "LATCHKEY_BEHIND_TLS_PROXY=true")
			access, refresh := c.prefix+"latchkey_access", c.prefix+"latchkey_refresh"
			set := func(values string) []string {
				return []string{
					access + "=" + values + "; Path=/; Max-Age=900; HttpOnly" + c.secure + "; SameSite=Strict",
					refresh + "=" + values + "; Path=/; Max-Age=1209600; HttpOnly" + c.secure + "; SameSite=Strict",
					"logged_in=" + values + "; Path=/; Max-Age=1209600" + c.secure + "; SameSite=Strict",
				}
			}
			cookies := jar{}
			got := s.page(t, cookies, http.MethodPost, "/api/auth/login", loginBody)
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.JSONEq(t, `{"expires_in": 900, "refresh_expires_in": 1209600, "scope": "profile"}`, got.body)
			require.Equal(t, set("*"), withoutValues(got.header))
			require.Equal(t, "true", cookies["logged_in"])
			require.Regexp(t, `^ey`, cookies[access])
			require.Regexp(t, `^rt_`, cookies[refresh])
			require.Equal(t, http.StatusOK, s.page(t, cookies, http.MethodGet, "/api/auth/users/me", "").status)

			before := jar{access: cookies[access], refresh: cookies[refresh]}
			got = s.page(t, cookies, http.MethodPost, "/api/auth/refresh", "")
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.Equal(t, set("*"), withoutValues(got.header))
			require.NotEqual(t, before[refresh], cookies[refresh])

			got = s.page(t, cookies, http.MethodPost, "/api/auth/logout", "")
			require.Equal(t, http.StatusNoContent, got.status)
			require.Equal(t, []string{
				access + "=; Path=/; Max-Age=0; HttpOnly" + c.secure + "; SameSite=Strict",
				refresh + "=; Path=/; Max-Age=0; HttpOnly" + c.secure + "; SameSite=Strict",
				"logged_in=; Path=/; Max-Age=0" + c.secure + "; SameSite=Strict",
			}, got.header.Values("Set-Cookie"))
			require.Empty(t, cookies)
			require.Equal(t, http.StatusNoContent, s.page(t, cookies, http.MethodPost, "/api/auth/logout", "").status, "twice is no error")

			// The session has ended, for whoever has kept the cookies.
			require.Equal(t, http.StatusUnauthorized, s.page(t, before, http.MethodGet, "/api/auth/users/me", "").status)
			got = s.page(t, before, http.MethodPost, "/api/auth/refresh", "")
			require.Equal(t, http.StatusUnauthorized, got.status)
			require.Empty(t, before, "a dead session's cookies are cleared")
			requireRefused(t, s.refresh(t, "rt_any"))
		})
	}
}

// withoutValues gives the cookies that are set, with * for their values.
func withoutValues(header http.Header) []string {
	all := header.Values("Set-Cookie")
	for i, cookie := range all {
		pair, attributes, _ := strings.Cut(cookie, " ")
		all[i] = regexp.MustCompile(`=[^;]+;`).ReplaceAllString(pair, "=*;") + " " + attributes
	}
	return all
}

// On https a cookie without the prefix, which another host of the domain could have set, is nothing.
func TestCookieOfAnotherHost(t *testing.T) {
	t.Parallel()
	s := start(t, sqlitePlace(t), "LATCHKEY_ISSUER=https://auth.example.com", "LATCHKEY_BEHIND_TLS_PROXY=true")
	access, refresh := s.session(t, "user", devPassword("user"))
	planted := jar{"latchkey_access": access, "latchkey_refresh": refresh}
	require.Equal(t, http.StatusUnauthorized, s.page(t, planted, http.MethodGet, "/api/auth/users/me", "").status)
	require.Equal(t, http.StatusUnauthorized, s.page(t, planted, http.MethodPost, "/api/auth/refresh", "").status)
	require.Equal(t, http.StatusOK, s.page(t, jar{"__Host-latchkey_access": access}, http.MethodGet, "/api/auth/users/me", "").status)
}

// A page that signs in again, or that is no longer signed in, and a bearer token beside the cookies.
func TestCookiesAndBearer(t *testing.T) {
	t.Parallel()
	s := start(t, sqlitePlace(t))
	cookies := jar{}
	require.Equal(t, http.StatusUnauthorized, s.page(t, cookies, http.MethodPost, "/api/auth/login", `{"username": "user", "password": "wrong"}`).status)
	require.Empty(t, cookies)
	s.page(t, cookies, http.MethodPost, "/api/auth/login", loginBody)
	require.Equal(t, http.StatusNoContent, s.page(t, cookies, http.MethodDelete, "/api/auth/users/me/sessions", "").status)
	r := request(t, http.MethodGet, s.url+"/api/auth/users/me", "", "")
	r.AddCookie(&http.Cookie{Name: "latchkey_access", Value: cookies["latchkey_access"]})
	r.Header.Set("Authorization", "Bearer "+s.token(t, "admin", devPassword("admin")))
	require.Equal(t, "admin", member(t, send(t, client(t, ""), r).body, "username"), "the header counts")
	r.Header.Set("Authorization", "Bearer junk")
	require.Equal(t, http.StatusUnauthorized, send(t, client(t, ""), r).status, "and is not made good by a cookie")
}
