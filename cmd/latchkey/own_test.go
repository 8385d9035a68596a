package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A new password ends all sessions but the one that set it.
func TestOwnPassword(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		this, other := s.token(t, "user", devPassword("user")), s.token(t, "user", devPassword("user"))
		got := s.ask(t, "", this, "PATCH /api/auth/users/me", object{"password": "quite another one", "current_password": devPassword("user")})
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, http.StatusOK, s.get(t, "/api/auth/users/me", this).status)
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/auth/users/me", other).status)
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "user", devPassword("user")).status)
		s.token(t, "user", "quite another one")
		at.awaitMail(t, "user@example.com", passwordSubject)
	})
}

// Whoever stole a session guesses at the password no faster than at sign-in.
func TestOwnPasswordIsLimited(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		token := s.token(t, "user", devPassword("user"))
		statuses := map[int]int{}
		for range 12 {
			got := s.ask(t, "", token, "PATCH /api/auth/users/me", object{"email": "new@example.com", "current_password": "a guess"})
			statuses[got.status]++
		}
		require.Equal(t, map[int]int{http.StatusForbidden: 10, http.StatusTooManyRequests: 2}, statuses)
	})
}

// A new address counts once its letter is answered; the old one is told.
func TestOwnEmail(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		token := s.token(t, "user", devPassword("user"))
		got := s.ask(t, "", token, "PATCH /api/auth/users/me", object{"email": "New@example.com", "current_password": devPassword("user")})
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, "user@example.com", member(t, got.body, "email"))
		letter := at.mailedToken(t, "New@example.com", verifySubject)
		require.NotRegexp(t, letterToken, at.awaitMail(t, "user@example.com", "").Text, "the old address is told and gets no token")
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "new@example.com", devPassword("user")).status)

		require.Equal(t, http.StatusOK, s.ask(t, "", "", "POST /api/auth/verify-email", object{"token": letter}).status)
		me := decoded(t, s.get(t, "/api/auth/users/me", token).body)
		require.Equal(t, "New@example.com", me["email"])
		require.Equal(t, true, me["email_verified"])
		s.token(t, "new@example.com", devPassword("user"))
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "user@example.com", devPassword("user")).status)
	})
}

// An address that somebody else has taken meanwhile is not confirmed.
func TestOwnEmailTakenMeanwhile(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		token := s.token(t, "user", devPassword("user"))
		got := s.ask(t, "", token, "PATCH /api/auth/users/me", object{"email": "late@example.com", "current_password": devPassword("user")})
		require.Equal(t, http.StatusOK, got.status, got.body)
		letter := at.mailedToken(t, "late@example.com", verifySubject)
		require.Equal(t, http.StatusCreated, s.signUp(t, "late", "a long enough one").status)
		refused := s.ask(t, "", "", "POST /api/auth/verify-email", object{"token": letter})
		require.Equal(t, "email_taken", refused.code(t))
		require.Equal(t, "user@example.com", member(t, s.get(t, "/api/auth/users/me", token).body, "email"))
	})
}

// Who deletes himself is gone at once, with his tokens and his name.
func TestDeleteOneself(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		login := s.login(t, "", "user", devPassword("user"))
		access, refresh := member(t, login.body, "access_token"), member(t, login.body, "refresh_token")
		require.Equal(t, http.StatusNoContent, s.ask(t, "", access, "DELETE /api/auth/users/me").status)
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/auth/users/me", access).status)
		require.Equal(t, http.StatusBadRequest, s.post(t, "/token", "grant_type", "refresh_token", "refresh_token", refresh).status)
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "user", devPassword("user")).status)
		require.Equal(t, http.StatusCreated, s.signUp(t, "user", "a long enough one").status)
	})
}

// The export has everything that is kept of somebody, and no hash.
func TestExportOneself(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "user", "wrong").status)
		s.token(t, "user", devPassword("user"))
		s.token(t, "admin", devPassword("admin"))
		got := s.get(t, "/api/auth/users/me/export", s.token(t, "user", devPassword("user")))
		require.Equal(t, http.StatusOK, got.status)
		data := decoded(t, got.body)
		require.Equal(t, "user@example.com", data["user"].(object)["email"])
		require.Len(t, data["sessions"], 2)
		seen := map[string]int{}
		for _, e := range data["events"].([]any) {
			event := e.(object)
			require.Equal(t, "user", event["target"])
			seen[event["action"].(string)+" "+event["outcome"].(string)]++
		}
		require.Equal(t, map[string]int{"user.created success": 1, "user.signed_in success": 2, "user.signed_in failure": 1}, seen)
		require.NotContains(t, got.body, "argon2")
		require.NotContains(t, got.body, "hash")
	})
}
