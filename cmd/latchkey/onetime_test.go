package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// The letter of a sign-up confirms the address once, however many use it at once.
func TestVerifyByLetter(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		require.Equal(t, http.StatusCreated, s.signUp(t, "alice", "a long enough one").status)
		token := at.mailedToken(t, "alice@example.com", verifySubject)
		verify := func(int) answer {
			return s.ask(t, "", "", "POST /api/auth/verify-email", object{"token": token})
		}
		require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnprocessableEntity: 49}, together(t, 50, verify))
		got := s.get(t, "/api/auth/users/me", s.token(t, "alice", "a long enough one"))
		require.Equal(t, true, decoded(t, got.body)["email_verified"])
		again := verify(0)
		require.Equal(t, "invalid_one_time_token", again.code(t))
		require.Contains(t, again.body, `"pointer":"/token"`)
	})
}

// A token of one kind is none of the other, a weak password does not use one up, and of many who use
// it at once one succeeds: with the password that counts from then on.
func TestResetByLetter(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		old := s.token(t, "user", devPassword("user"))
		require.Equal(t, http.StatusAccepted, s.ask(t, "", "", "POST /api/auth/forgot-password", object{"email": "USER@example.com"}).status)
		token := at.mailedToken(t, "user@example.com", resetSubject)

		other := s.ask(t, "", "", "POST /api/auth/verify-email", object{"token": token})
		require.Equal(t, "invalid_one_time_token", other.code(t))
		weak := s.ask(t, "", "", "POST /api/auth/reset-password", object{"token": token, "password": "password1"})
		require.Equal(t, "weak_password", weak.code(t))
		require.Equal(t, http.StatusOK, s.get(t, "/api/auth/users/me", old).status, "nothing has happened yet")

		password := func(i int) string { return fmt.Sprint("the new password ", i) }
		winner := -1
		statuses := together(t, 20, func(i int) answer {
			got := s.ask(t, "", "", "POST /api/auth/reset-password", object{"token": token, "password": password(i)})
			if got.status == http.StatusOK {
				winner = i
			}
			return got
		})
		require.Equal(t, 1, statuses[http.StatusOK], statuses)
		busy := statuses[http.StatusServiceUnavailable] // hashing has only so many places
		require.Equal(t, 19, statuses[http.StatusUnprocessableEntity]+busy, "%v\n%s", statuses, s.log)
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/auth/users/me", old).status, "the sessions have ended")
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "user", devPassword("user")).status)
		s.token(t, "user", password(winner))
		at.awaitMail(t, "user@example.com", passwordSubject)
	})
}

// A second letter makes the token of the first one worthless.
func TestOnlyTheLastLetterCounts(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		forgot := func(letters int) {
			require.Equal(t, http.StatusAccepted, s.ask(t, "", "", "POST /api/auth/forgot-password", object{"email": "user@example.com"}).status)
			soon(t, func() bool { return len(at.mailTo(t, "user@example.com", resetSubject)) == letters })
		}
		forgot(1)
		first := at.mailedToken(t, "user@example.com", resetSubject)
		forgot(2)
		got := s.ask(t, "", "", "POST /api/auth/reset-password", object{"token": first, "password": "a long enough one"})
		require.Equal(t, "invalid_one_time_token", got.code(t))
	})
}

// Nobody learns from an answer, its headers or its time whether an address is known.
func TestForgotTellsNothing(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		const users = 40
		world(t, at, func(ctx context.Context, db database) {
			for i := range users {
				require.NoError(t, db.CreateUser(ctx, rawUser(fmt.Sprint("known", i), ""), audit.Note{}))
			}
		})
		s := start(t, at)
		var times [2][]time.Duration
		var answers [2]answer
		for i := range users {
			for k, email := range []string{fmt.Sprintf("known%d@example.org", i), fmt.Sprintf("nobody%d@example.org", i)} {
				begin := time.Now()
				got := s.ask(t, fmt.Sprintf("203.0.113.%d", 2*i+k), "", "POST /api/auth/forgot-password", object{"email": email})
				times[k] = append(times[k], time.Since(begin))
				got.header.Del("Date")
				got.header.Del("X-Request-Id")
				require.Equal(t, http.StatusAccepted, got.status)
				answers[k] = got
			}
		}
		require.Equal(t, answers[0], answers[1])
		for _, all := range times {
			slices.Sort(all)
		}
		known, unknown := times[0][users/2], times[1][users/2]
		require.Less(t, max(known, unknown), 2*min(known, unknown)+time.Millisecond, "known %v, unknown %v", known, unknown)
	})
}

// Letters are limited by whom they go to and by who asks, known or not, and all say until when.
func TestLettersAreLimited(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		for _, operation := range []string{"POST /api/auth/forgot-password", "POST /api/auth/verify-email/request"} {
			for _, email := range []string{"moderator@example.com", "nobody@example.com"} {
				ask := func(i int) answer {
					return s.ask(t, fmt.Sprintf("203.0.113.%d", i), "", operation, object{"email": email})
				}
				last := ask(0)
				for i := 1; last.status == http.StatusAccepted && i < 4; i++ {
					last = ask(i)
				}
				requireDenied(t, last, 20*time.Minute)
			}
		}
		last := answer{status: http.StatusAccepted}
		for i := 0; last.status == http.StatusAccepted && i < 12; i++ {
			last = s.ask(t, "203.0.113.200", "", "POST /api/auth/forgot-password", object{"email": fmt.Sprintf("nobody-%d@example.com", i)})
		}
		requireDenied(t, last, time.Minute)
	})
}

func requireDenied(t *testing.T, got answer, atMost time.Duration) {
	t.Helper()
	require.Equal(t, http.StatusTooManyRequests, got.status)
	require.Equal(t, "too_many_requests", got.code(t))
	seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, seconds)
	require.LessOrEqual(t, seconds, int(atMost.Seconds()))
}

// Where only users with a confirmed address may sign in, the right password alone tells so.
func TestVerifiedEmailRequired(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at, "LATCHKEY_REQUIRE_VERIFIED_EMAIL=true")
		require.Equal(t, http.StatusCreated, s.signUp(t, "alice", "a long enough one").status)
		signin := func(password string) answer {
			return s.ask(t, "", "", "POST /api/auth/signin", object{"username": "alice", "password": password})
		}
		require.Equal(t, "invalid_credentials", signin("wrong").code(t))
		right := signin("a long enough one")
		require.Equal(t, http.StatusForbidden, right.status)
		require.Equal(t, "email_unverified", right.code(t))
		token := s.login(t, "", "alice", "a long enough one")
		require.Equal(t, http.StatusBadRequest, token.status)
		require.Equal(t, "invalid_grant", member(t, token.body, "error"))

		got := s.ask(t, "", "", "POST /api/auth/verify-email", object{"token": at.mailedToken(t, "alice@example.com", verifySubject)})
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, http.StatusOK, signin("a long enough one").status)
	})
}
