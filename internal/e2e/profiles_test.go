package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// profileCall sends a request to a route of a profile, as a front end on the server's own origin does.
func (c caller) profileCall(t *testing.T, operation, contentType, body, cookies string) response {
	t.Helper()
	r := c.newRequest(t, operation, contentType, body)
	r.Header.Set("X-Request-Id", "the-same-for-all") // which the response repeats
	r.Header.Set("Origin", c.issuer)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	got := send(t, &http.Client{Timeout: waitTimeout, Transport: forwarded{noKeepAlive, c.address}}, r)
	got.header.Del("Date")
	return got
}

// The sign-ins of the profiles.
const (
	pycharmLogin   = "POST /login"
	codevowebLogin = "POST /api/auth/login"
)

// A failed sign-in to a profile gets the same response whether the user exists or not, and counts
// against the limit of the main routes.
func TestProfileLoginHidesUsersAndIsLimited(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addUsers(t)
		s := start(t, inst, "LATCHKEY_COMPAT=codevoweb,pycharm")
		attempt := func(from caller, operation, email, password string) response {
			if operation == pycharmLogin {
				return from.profileCall(t, operation, formType, "username="+email+"&password="+password, "")
			}
			return from.profileCall(t, operation, jsonType, `{"email": "`+email+`", "password": "`+password+`"}`, "")
		}
		logins := []string{pycharmLogin, codevowebLogin}
		for _, operation := range logins {
			first := attempt(s.caller, operation, "user@example.com", "wrong")
			require.Equal(t, http.StatusBadRequest, first.status)
			for _, email := range []string{"nobody@example.com", "disabled@example.org", "passwordless@example.org"} {
				require.Equal(t, first, attempt(s.caller, operation, email, "wrong"), "%s for %s", operation, email)
			}
		}
		// A known and an unknown user are limited after as many attempts, on whichever route they are made.
		for i, email := range []string{"rita@example.org", "nemo@example.org"} {
			var statuses []int
			for n := range 12 {
				from := s.from(fmt.Sprintf("203.0.113.%d", 20*i+n))
				got := attempt(from, logins[n%2], email, fmt.Sprintf("wrong-%d", n))
				statuses = append(statuses, got.status)
				require.Equal(t, n >= 10, got.header.Get("Retry-After") != "")
			}
			require.Equal(t, []int{400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 429, 429}, statuses)
			require.Equal(t, http.StatusTooManyRequests, s.from("203.0.113.99").login(t, email, "wrong").status, "the main route, too")
		}
	})
}

// An account is created, confirmed, and its password reset with the codes of the emails. The log shows
// none of them.
func TestCodevowebCodes(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		got := s.profileCall(t, "POST /api/auth/register", jsonType, `{"name": "Cora", "email": "cora@example.com",
			"password": "a first password", "passwordConfirm": "a first password"}`, "")
		require.Equal(t, http.StatusCreated, got.status, got.body)
		require.NotContains(t, got.body, "password\"")
		code := inst.waitForToken(t, "cora@example.com", verifySubject)
		require.Equal(t, http.StatusOK, s.profileCall(t, "GET /api/auth/verifyemail/"+code, "", "", "").status)
		require.Equal(t, http.StatusForbidden, s.profileCall(t, "GET /api/auth/verifyemail/"+code, "", "", "").status)

		require.Equal(t, http.StatusOK, s.profileCall(t, "POST /api/auth/forgotpassword", jsonType, `{"email": "cora@example.com"}`, "").status)
		code = inst.waitForToken(t, "cora@example.com", resetSubject)
		reset := func(password string) int {
			return s.profileCall(t, "PATCH /api/auth/resetpassword/"+code, jsonType,
				`{"password": "`+password+`", "passwordConfirm": "`+password+`"}`, "").status
		}
		require.Equal(t, http.StatusUnprocessableEntity, reset("password"), "the policy holds")
		require.Equal(t, http.StatusMethodNotAllowed, s.profileCall(t, "GET /api/auth/resetpassword/"+code, "", "", "").status)
		require.NotContains(t, s.wholeLog(t), code, "the token still works")
		require.Equal(t, http.StatusOK, reset("a second password"))
		require.Equal(t, http.StatusBadRequest, reset("a third password"))
		got = s.profileCall(t, codevowebLogin, jsonType, `{"email": "cora@example.com", "password": "a second password"}`, "")
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.NotContains(t, s.wholeLog(t), code)
	}, "LATCHKEY_COMPAT=codevoweb")
}
