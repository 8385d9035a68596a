package e2e

import (
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
)

// No secret in a request, in a response or in the settings appears anywhere else: not in the log at
// level debug, in other responses, in a table, in a webhook, in metrics, profiles or traces, or in the output
// of a command, in any notation. That holds for every operation of the contract, and while the database is down.
func TestCanaries(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		var canaries apitest.Canaries
		secret := func(what string) string { // for settings, which have no characters with a meaning
			return strings.ReplaceAll(url.QueryEscape(canaries.New(what)), "%", "x")
		}
		proxied := inst
		var database *proxy
		if strings.HasPrefix(inst.database, "postgres") {
			database = startProxy(t, &proxied)
			proxied.database = withPassword(t, proxied.database, secret("database password"))
		}
		master := "LATCHKEY_SECRET=" + secret("master secret")
		collected := newCollector(t)
		s := start(t, proxied, master, withAdmin, "OTEL_EXPORTER_OTLP_ENDPOINT="+collected.URL,
			"OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20"+secret("password of the collector"),
			"LATCHKEY_SMTP_HOST=127.0.0.1", "LATCHKEY_SMTP_PORT="+refusingSMTP(t), "LATCHKEY_SMTP_TLS=none",
			"LATCHKEY_MAIL_FROM=x@example.com", "LATCHKEY_SMTP_USERNAME=mailer", "LATCHKEY_SMTP_PASSWORD="+secret("SMTP password"))
		inst.addClients(t)
		r := newReceiver(t, 0)
		created := execute(t, inst.environment(master), "", "hook", "create", r.url)
		require.Zero(t, created.code, created.stderr)
		canaries.Add("webhook secret", strings.TrimSpace(created.stdout))

		s.useSecrets(t, &canaries)
		s.sendCanaries(t, &canaries)
		eventually(t, func() bool { return strings.Contains(s.log.String(), "job failed") && len(r.received()) > 0 })
		if database != nil {
			database.set(refuse)
			s.sendCanaries(t, &canaries)
			require.Contains(t, s.wholeLog(t), "status=503")
			s.requireNothingSeen(t, &canaries)
			database.set(forward)
		}
		s.requireNothingSeen(t, &canaries)
		s.stop() // exports the rest
		require.Empty(t, canaries.Found(collected.text.String()), "the traces and metrics that were exported")
		require.Greater(t, len(collected.spans), 200)
		require.NotEmpty(t, collected.metrics)
		require.Empty(t, canaries.Found(s.wholeLog(t)), "the log")
		require.Greater(t, strings.Count(s.wholeLog(t), "msg=request"), 200)
		for _, table := range inst.tables(t) {
			require.Empty(t, canaries.Found(inst.tableText(t, table)), table)
		}
		require.Empty(t, canaries.Found(fmt.Sprint(r.received())), "the webhook")
		for _, command := range []string{"audit --json --limit 0", "user list --json", "client list --json", "hook list --json"} {
			require.Empty(t, canaries.Found(inst.mustRun(t, strings.Fields(command)...)), command)
		}
	})
}

// requireNothingSeen looks for secrets in everything that the admin listener serves.
func (s *server) requireNothingSeen(t *testing.T, canaries *apitest.Canaries) {
	t.Helper()
	for _, path := range []string{"/metrics", "/buildinfo", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1", "/debug/pprof/allocs?debug=1"} {
		got := s.admin(t, path)
		require.Equal(t, http.StatusOK, got.status, path)
		require.NotEmpty(t, got.body, path)
		require.Empty(t, canaries.Found(got.body), path)
	}
}

// received returns the bodies and headers of all calls.
func (r *receiver) received() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, call := range r.calls {
		all = append(all, fmt.Sprint(call.body, call.header))
	}
	return all
}

// withPassword adds a password to the URL of a database that asks for none.
func withPassword(t *testing.T, text, password string) string {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	if _, asked := u.User.Password(); !asked {
		u.User = url.UserPassword(u.User.Username(), password)
	}
	return u.String()
}

// tables returns the names of all tables, without those of the migrations.
func (i installation) tables(t *testing.T) (all []string) {
	t.Helper()
	query := `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%'`
	if strings.HasPrefix(i.database, "sqlite:") {
		query = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`
	}
	i.withDatabase(t, func(db *sql.DB) error {
		rows, err := db.QueryContext(t.Context(), query)
		require.NoError(t, err)
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name string
			require.NoError(t, rows.Scan(&name))
			all = append(all, name)
		}
		return rows.Err()
	})
	require.Greater(t, len(all), 10)
	return all
}

// refusingSMTP starts a mail server that refuses every password, and returns its port.
func refusingSMTP(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go refuseMail(conn)
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

func refuseMail(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	say := func(text string) { _, _ = fmt.Fprintf(conn, "%s\r\n", text) } // the client may have gone
	say("220 mail.example.com")
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		command := strings.ToUpper(string(buffer[:n]))
		switch {
		case err != nil:
			return
		case strings.HasPrefix(command, "EHLO"):
			say("250-mail.example.com")
			say("250 AUTH PLAIN LOGIN")
		default:
			say("535 5.7.8 " + strings.TrimSpace(string(buffer[:n]))) // some servers repeat what they refuse
		}
	}
}

// useSecrets signs up, signs in, refreshes and so on, so that all secrets are the right ones.
func (s *server) useSecrets(t *testing.T, canaries *apitest.Canaries) {
	t.Helper()
	first, second := canaries.New("password"), canaries.New("new password")
	s.mustSignUp(t, "carrier", first)
	s.requireLoginFails(t, "carrier", canaries.New("wrong password"))
	s.requireLoginFails(t, canaries.New("password as the username"), "carrier")
	access, refresh := s.signIn(t, "carrier", first, asWeb...)
	canaries.Add("access token", access)
	canaries.Add("refresh token", refresh)
	got := s.refresh(t, refresh, asWeb...)
	require.Equal(t, http.StatusOK, got.status, got.body)
	canaries.Add("second refresh token", field(t, got.body, "refresh_token"))
	access = field(t, got.body, "access_token")
	canaries.Add("second access token", access)
	require.True(t, s.introspect(t, access))
	require.Equal(t, http.StatusOK, s.get(t, "/userinfo", access).status)
	got = s.call(t, access, "PATCH /api/auth/users/me", object{"password": second, "current_password": first})
	require.Equal(t, http.StatusOK, got.status, got.body)
	cookies := cookieJar{}
	got = s.callFromPage(t, cookies, "POST /api/auth/login", fmt.Sprintf(`{"username": "carrier", "password": %q}`, second))
	require.Equal(t, http.StatusOK, got.status, got.body)
	for name, value := range cookies {
		if name != "logged_in" { // which is no secret
			canaries.Add("cookie "+name, value)
		}
	}
	require.Equal(t, http.StatusOK, s.callFromPage(t, cookies, "POST /api/auth/refresh", "").status)
	require.Equal(t, http.StatusNoContent, s.callFromPage(t, cookies, "POST /api/auth/logout", "").status)
	s.forgotPassword(t, "carrier@example.com")
	admin := s.devToken(t, "admin")
	got = s.call(t, admin, "POST /api/clients", object{"id": "safe", "name": "Safe", "public": false, "first_party": true, "grants": []string{"client_credentials"}})
	require.Equal(t, http.StatusCreated, got.status, got.body)
	clientSecret := field(t, got.body, "client_secret")
	canaries.Add("client secret", clientSecret)
	canaries.Add("token of a client", s.clientToken(t, "safe", clientSecret))
	got = s.call(t, admin, "POST /api/clients/safe/secrets", object{})
	require.Equal(t, http.StatusCreated, got.status, got.body)
	canaries.Add("second client secret", field(t, got.body, "client_secret"))
	got = s.call(t, admin, "POST /api/clients/safe/token-keys", object{})
	require.Equal(t, http.StatusCreated, got.status, got.body)
	canaries.Add("shared key of a client", field(t, got.body, "token_key"))
}

// sendCanaries sends requests for every operation and looks for their secrets in the responses.
func (s *server) sendCanaries(t *testing.T, canaries *apitest.Canaries) {
	t.Helper()
	spec, err := api.GetSpec()
	require.NoError(t, err)
	const administrator = "Bearer of an administrator"
	all, err := canaries.Requests(spec, s.url, administrator)
	require.NoError(t, err)
	token := ""
	for i, c := range all {
		from := s.from(fmt.Sprintf("198.18.%d.%d", 3+i/250, i%250))
		asAdministrator := c.Request.Header.Get("Authorization") == administrator
		if asAdministrator && !from.usable(t, token) {
			got := from.login(t, "admin", devPassword("admin"))
			if got.status == http.StatusOK {
				token = field(t, got.body, "access_token")
				canaries.Add("token of an administrator", token)
			} else {
				require.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
			}
		}
		if asAdministrator {
			c.Request.Header.Set("Authorization", "Bearer "+token)
		}
		client := &http.Client{Timeout: waitTimeout, Transport: forwarded{noKeepAlive, from.address}}
		got := send(t, client, c.Request)
		require.NotEqual(t, http.StatusInternalServerError, got.status, "%s: %s", c.Operation, got.body)
		require.Empty(t, canaries.Found(fmt.Sprint(got.header)), c.Operation)
		if got.status != http.StatusCreated { // which may return a client secret
			require.Empty(t, canaries.Found(got.body), c.Operation)
		}
	}
}

// usable reports whether an access token is accepted.
func (c caller) usable(t *testing.T, token string) bool {
	t.Helper()
	return token != "" && c.get(t, "/userinfo", token).status == http.StatusOK
}
