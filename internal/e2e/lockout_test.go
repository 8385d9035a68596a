package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// exhaust makes strangers use up their attempts for a user: the last one gets 429.
func (s *server) exhaust(t *testing.T, username string) {
	t.Helper()
	for n := range 11 {
		got := s.from(fmt.Sprintf("203.0.113.%d", n+1)).login(t, username, fmt.Sprintf("guess-%d", n))
		if n == 10 {
			require.Equal(t, http.StatusTooManyRequests, got.status)
		}
	}
}

// Strangers who use up their attempts do not lock out a user from a network or a browser in which the user
// has signed in. They get the same response for a user who does not exist.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, inst installation, replicas []*server) {
		s := replicas[0]
		home := s.from("198.51.100.7")
		home.devToken(t, "user")
		browser := cookieJar{}
		require.Equal(t, http.StatusOK, s.callFromPage(t, browser, "POST /api/auth/login", loginBody).status)
		device := cookieJar{"latchkey_device": browser["latchkey_device"]}
		require.NotContains(t, inst.tableText(t, "known_networks"), "198.51")

		s.exhaust(t, "user")
		s.exhaust(t, "nobody")
		known, unknown := s.from("203.0.113.99").login(t, "user", devPassword("user")), s.from("203.0.113.99").login(t, "nobody", "x")
		require.Equal(t, http.StatusTooManyRequests, known.status)
		require.Equal(t, unknown.body, known.body)
		requireRetryAfter(t, known)
		for _, header := range []http.Header{known.header, unknown.header} {
			require.Regexp(t, `^(900|89\d|88\d)$`, header.Get("Retry-After"))
			require.Regexp(t, `^"sign-in";r=0;t=(900|89\d|88\d)$`, header.Get("RateLimit"))
			require.Contains(t, header.Get("RateLimit-Policy"), `"sign-in";q=10;w=9000`)
			header.Del("Retry-After")
			header.Del("RateLimit")
			header.Del("Date")
			header.Del("X-Request-Id")
		}
		require.Equal(t, unknown.header, known.header)
		for n := range 25 {
			replica := replicas[n%len(replicas)]
			replica.from("198.51.100.7").devToken(t, "user")
			for _, address := range []string{"192.0.2.", "192.0.3."} { // the browser travels
				c := *replica
				c.caller = c.from(address + fmt.Sprint(n+1))
				require.Equal(t, http.StatusOK, c.callFromPage(t, cookieJar{"latchkey_device": device["latchkey_device"]}, "POST /api/auth/login", loginBody).status)
			}
		}
	})
}

// The hint of a browser is only for the user who has signed in there, and ends with the password. The
// browser in which the password is changed gets a new one.
func TestDeviceHintEnds(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		loginFrom := func(address, username, text, hint string) int {
			c := *s
			c.caller = c.from(address)
			return c.callFromPage(t, cookieJar{"latchkey_device": hint}, "POST /api/auth/login",
				fmt.Sprintf(`{"username": %q, "password": %q}`, username, text)).status
		}
		browser := cookieJar{}
		s.callFromPage(t, browser, "POST /api/auth/login", loginBody)
		old := browser["latchkey_device"]
		s.exhaust(t, "user")
		s.exhaust(t, "moderator")
		require.Equal(t, http.StatusTooManyRequests, loginFrom("192.0.2.1", "moderator", devPassword("moderator"), old))
		require.Equal(t, http.StatusOK, loginFrom("192.0.2.1", "user", devPassword("user"), old))

		got := s.callFromPage(t, browser, "PATCH /api/auth/users/me",
			fmt.Sprintf(`{"password": %q, "current_password": %q}`, validPassword, devPassword("user")))
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.NotEqual(t, old, browser["latchkey_device"])
		require.Equal(t, http.StatusTooManyRequests, loginFrom("192.0.2.2", "user", validPassword, old))
		require.Equal(t, http.StatusTooManyRequests, loginFrom("192.0.2.2", "user", validPassword, ""))
		require.Equal(t, http.StatusOK, loginFrom("192.0.2.2", "user", validPassword, browser["latchkey_device"]))
	})
}

// Without email, an invited user would never get the link: the API answers 409, the command refuses and names the
// setting, and there is no such user.
func TestInviteWithoutMail(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.createUser(t, "boss", "--role", "ROLE_ADMIN", "--verified")
		s := launchWith(t, inst, nil, "LATCHKEY_SECRET=0123456789abcdef0123456789abcdef")
		s.waitUntilListening()

		got := s.call(t, s.token(t, "boss", validPassword), "POST /api/users", object{"username": "guest", "email": "guest@example.com"})
		require.Equal(t, http.StatusConflict, got.status, got.body)
		require.Equal(t, "mail_not_configured", got.code(t))
		invite := []string{"user", "create", "guest", "--email", "guest@example.com", "--invite"}
		refused := inst.run(t, invite...)
		require.Equal(t, 1, refused.code)
		require.True(t, strings.HasPrefix(refused.stderr, "latchkey: the email with the link cannot be sent: set LATCHKEY_SMTP_HOST"), refused.stderr)
		require.NotContains(t, inst.mustRun(t, "user", "list"), "guest")
		inst.mustRun(t, append(invite, "--smtp-host", "smtp.example.com")...)
		require.Contains(t, inst.mustRun(t, "user", "list"), "guest")
	})
}

// Without email, forcing a reset would leave the user without a password: the API answers 409, the command
// refuses and names the setting, and the user goes on as before.
func TestForceResetWithoutMail(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		const secret = "LATCHKEY_SECRET=0123456789abcdef0123456789abcdef"
		inst.createUser(t, "alice", "--verified")
		inst.createUser(t, "boss", "--role", "ROLE_ADMIN", "--verified")
		s := launchWith(t, inst, nil, secret)
		s.waitUntilListening()
		access, refresh := s.signIn(t, "alice", validPassword)
		boss := s.token(t, "boss", validPassword)
		inOutbox := func() int { return inst.queryInt(t, `SELECT count(*) FROM outbox`) }
		eventually(t, func() bool { return inOutbox() == 0 }) // the emails to the new users are discarded

		got := s.call(t, boss, "POST /api/users/"+claim(t, access, "sub")+"/force-reset")
		require.Equal(t, http.StatusConflict, got.status, got.body)
		require.Equal(t, "mail_not_configured", got.code(t))
		require.Contains(t, field(t, got.body, "detail"), "LATCHKEY_SMTP_HOST")
		refused := inst.run(t, "user", "force-reset", "alice")
		require.Equal(t, 1, refused.code)
		require.Contains(t, refused.stderr, "LATCHKEY_SMTP_HOST")

		s.requireTokenAccepted(t, access)
		require.Equal(t, http.StatusOK, s.refresh(t, refresh).status)
		s.token(t, "alice", validPassword)
		require.Zero(t, inOutbox(), "nothing is to be sent")
		require.Zero(t, inst.queryInt(t, `SELECT count(*) FROM audit_events WHERE action = 'user.reset_requested'`))
		inst.mustRunSilently(t, "user", "force-reset", "alice", "--smtp-host", "smtp.example.com")
		s.requireTokenRejected(t, access)
	})
}
