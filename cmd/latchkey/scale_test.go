package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// few is what many users are held against.
const few = 1000

// manyUsers is how many users the lists are measured with: `make scale` asks for a million.
func manyUsers(t *testing.T) int {
	t.Helper()
	text := os.Getenv("TEST_SCALE_USERS")
	if text == "" {
		return 20 * few
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// The numbers 0 to n-1, in SQL.
const (
	postgresNumbers = `SELECT generate_series(0, %d) AS n`
	sqliteNumbers   = `WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g`
)

// Rows of user NUMBER, one a second.
const (
	postgresUsers = `INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, name, picture, password_hash, epoch, created_at, updated_at)
		SELECT md5('u' || n)::uuid, 'U' || n, 'u' || n, 'U' || n || '@example.org', 'u' || n || '@example.org', n %% 2 = 0, TRUE, '', '', '', 0, at, at
		FROM (SELECT n, TIMESTAMPTZ '2020-01-01' + n * INTERVAL '1 second' AS at FROM (%s) AS g) AS g`
	sqliteUsers = `INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, name, picture, password_hash, epoch, created_at, updated_at)
		SELECT printf('%%08x-0000-4000-8000-%%012x', (n * 2654435761) %% 4294967296, n), 'U' || n, 'u' || n, 'U' || n || '@example.org', 'u' || n || '@example.org',
			n %% 2 = 0, 1, '', '', '', 0, 1577836800 + n, 1577836800 + n FROM (%s)`
	theirRoles = `INSERT INTO users_to_roles (user_id, role_id, user_created_at)
		SELECT u.id, r.id, u.created_at FROM users u, roles r WHERE r.name = 'ROLE_USER' AND u.username_key LIKE 'u%' AND u.username_key <> 'user'`
)

// populate puts n users into a place, and lets the engine know its tables as it does in the long run.
func (p place) populate(t *testing.T, n int) {
	t.Helper()
	users, numbers, analyze := postgresUsers, postgresNumbers, `ANALYZE users, users_to_roles`
	if strings.HasPrefix(p.database, "sqlite:") {
		users, numbers, analyze = sqliteUsers, sqliteNumbers, `PRAGMA optimize`
	}
	db := p.open(t)
	for _, statement := range []string{fmt.Sprintf(users, fmt.Sprintf(numbers, n-1)), theirRoles, analyze} {
		_, err := db.ExecContext(context.Background(), statement)
		require.NoError(t, err)
	}
}

// cursorBehind is what the page before hands on when it ends with user NUMBER.
func (p place) cursorBehind(t *testing.T, n int) string {
	t.Helper()
	at := account.Position{CreatedAt: time.Date(2020, 1, 1, 0, 0, n, 0, time.UTC)}
	err := p.open(t).QueryRowContext(context.Background(), fmt.Sprintf(`SELECT id FROM users WHERE username_key = 'u%d'`, n)).Scan(&at.ID)
	require.NoError(t, err)
	text, err := json.Marshal(at)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}

// population is a server with n users.
type population struct {
	*server
	token string
	n     int
	far   string // a cursor: to page 10,000, or to the middle where there are fewer
}

func populated(t *testing.T, at place, n int) population {
	t.Helper()
	s := start(t, at)
	at.populate(t, n)
	p := population{server: s, token: s.token(t, "admin", devPassword("admin")), n: n}
	p.far = at.cursorBehind(t, min(n/2, 10_000*50)-1)
	return p
}

// median is the middle of the times that a list takes, each on a connection that is there.
func (p population) median(t *testing.T, c *http.Client, query string) time.Duration {
	t.Helper()
	ask := func() time.Duration {
		r := request(t, http.MethodGet, p.url+"/api/users?"+query, "", "")
		r.Header.Set("Authorization", "Bearer "+p.token)
		begin := time.Now()
		got := send(t, c, r)
		took := time.Since(begin)
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Contains(t, got.body, `"username"`, "somebody is found")
		return took
	}
	ask()
	times := make([]time.Duration, 51)
	for i := range times {
		times[i] = ask()
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// Every list is as fast with many users as with few, wherever in it one is.
func TestManyUsers(t *testing.T) { //nolint:paralleltest // it measures
	small, large := few, manyUsers(t)
	for _, engine := range []string{"postgres", "sqlite"} { //nolint:paralleltest // they measure
		t.Run(engine, func(t *testing.T) {
			places := [2]place{}
			for i := range places {
				places[i] = sqlitePlace(t)
				if engine == "postgres" {
					places[i].database = storetest.PostgresURL(t)
				}
			}
			one, other := populated(t, places[0], small), populated(t, places[1], large)
			c := &http.Client{Timeout: patience}
			for name, query := range map[string]func(population) string{
				"page 1":            func(population) string { return "limit=50" },
				"page far on":       func(p population) string { return "limit=50&cursor=" + p.far },
				"exact e-mail":      func(p population) string { return fmt.Sprintf("email=U%d@EXAMPLE.org", p.n-7) },
				"exact username":    func(p population) string { return fmt.Sprintf("username=U%d", p.n-7) },
				"prefix of many":    func(population) string { return "q=u" },
				"prefix of some":    func(p population) string { return fmt.Sprint("q=u", p.n/10-7) },
				"prefix of address": func(p population) string { return fmt.Sprintf("q=u%d@", p.n-7) },
				"role":              func(population) string { return "role=ROLE_USER" },
				"unverified":        func(population) string { return "verified=false" },
			} {
				var before, after time.Duration
				for range 3 { // something else on the machine must not be mistaken for growth
					before, after = one.median(t, c, query(one)), other.median(t, c, query(other))
					if after < 3*before {
						break
					}
				}
				t.Logf("%-9s %-18s %8d users %8v   %8d users %8v   x%.2f", engine, name, small, before.Round(time.Microsecond),
					large, after.Round(time.Microsecond), float64(after)/float64(before))
				if after >= 3*before { // the others are worth knowing, too
					t.Errorf("%s: %v with %d users, %v with %d", name, before, small, after, large)
				}
			}
		})
	}
}
