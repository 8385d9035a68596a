package e2e

import (
	"database/sql"
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
)

// fewUsers is how many users the other measurement is compared with.
const fewUsers = 1000

// manyUsers returns how many users the lists are measured with; `make scale` sets a million.
func manyUsers(t *testing.T) int {
	t.Helper()
	text := os.Getenv("TEST_SCALE_USERS")
	if text == "" {
		return 20 * fewUsers
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// The numbers from 0 to a given one, in SQL.
const (
	postgresNumbers = `SELECT generate_series(0, %d) AS n`
	sqliteNumbers   = `WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g`
)

// Users named U and a number, created a second apart, and their roles.
const (
	postgresUsers = `INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, name, picture, password_hash, epoch, created_at, updated_at)
		SELECT md5('u' || n)::uuid, 'U' || n, 'u' || n, 'U' || n || '@example.org', 'u' || n || '@example.org', n %% 2 = 0, TRUE, '', '', '', 0, at, at
		FROM (SELECT n, TIMESTAMPTZ '2020-01-01' + n * INTERVAL '1 second' AS at FROM (%s) AS g) AS g`
	sqliteUsers = `INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, name, picture, password_hash, epoch, created_at, updated_at)
		SELECT printf('%%08x-0000-4000-8000-%%012x', (n * 2654435761) %% 4294967296, n), 'U' || n, 'u' || n, 'U' || n || '@example.org', 'u' || n || '@example.org',
			n %% 2 = 0, 1, '', '', '', 0, 1577836800 + n, 1577836800 + n FROM (%s)`
	userRoles = `INSERT INTO users_to_roles (user_id, role_id, user_created_at)
		SELECT u.id, r.id, u.created_at FROM users u, roles r WHERE r.name = 'ROLE_USER' AND u.username_key LIKE 'u%' AND u.username_key <> 'user'`
)

// populate inserts n users and updates the statistics of the query planner.
func (i installation) populate(t *testing.T, n int) {
	t.Helper()
	users, numbers, analyze := postgresUsers, postgresNumbers, `ANALYZE users, users_to_roles`
	if strings.HasPrefix(i.database, "sqlite:") {
		users, numbers, analyze = sqliteUsers, sqliteNumbers, `PRAGMA optimize`
	}
	i.withDatabase(t, func(db *sql.DB) error { // one connection: PRAGMA optimize analyzes the tables that it used
		for _, statement := range []string{fmt.Sprintf(users, fmt.Sprintf(numbers, n-1)), userRoles, analyze} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// cursorAfter returns the cursor of the page that begins after user n.
func (i installation) cursorAfter(t *testing.T, n int) string {
	t.Helper()
	at := account.Position{CreatedAt: time.Date(2020, 1, 1, 0, 0, n, 0, time.UTC)}
	i.withDatabase(t, func(db *sql.DB) error {
		return db.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT id FROM users WHERE username_key = 'u%d'`, n)).Scan(&at.ID)
	})
	text, err := json.Marshal(at)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}

// population is a server with n users, and an administrator's token.
type population struct {
	*server
	token string
	n     int
	far   string // the cursor of page 10,000, or of the middle if there are fewer
}

func startPopulated(t *testing.T, inst installation, n int) population {
	t.Helper()
	s := start(t, inst)
	inst.populate(t, n)
	p := population{server: s, token: s.devToken(t, "admin"), n: n}
	p.far = inst.cursorAfter(t, min(n/2, 10_000*50)-1)
	return p
}

// median returns the median time of a list over a kept connection.
func (p population) median(t *testing.T, c *http.Client, query string) time.Duration {
	t.Helper()
	measure := func() time.Duration {
		r := p.newRequest(t, "GET /api/users?"+query, "", "")
		r.Header.Set("Authorization", "Bearer "+p.token)
		begin := time.Now()
		got := send(t, c, r)
		took := time.Since(begin)
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Contains(t, got.body, `"username"`)
		return took
	}
	measure()
	times := make([]time.Duration, 51)
	for i := range times {
		times[i] = measure()
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// Every list and search takes the same time with many users as with few, on any page.
func TestManyUsers(t *testing.T) { //nolint:paralleltest // it measures time
	for engine, create := range map[string]func(*testing.T) installation{"postgres": newPostgres, "sqlite": newSQLite} { //nolint:paralleltest // as above
		t.Run(engine, func(t *testing.T) {
			few, many := startPopulated(t, create(t), fewUsers), startPopulated(t, create(t), manyUsers(t))
			c := &http.Client{Timeout: waitTimeout}
			for name, query := range map[string]func(population) string{
				"page 1":          func(population) string { return "limit=50" },
				"far page":        func(p population) string { return "limit=50&cursor=" + p.far },
				"exact email":     func(p population) string { return fmt.Sprintf("email=U%d@EXAMPLE.org", p.n-7) },
				"exact username":  func(p population) string { return fmt.Sprintf("username=U%d", p.n-7) },
				"prefix of many":  func(population) string { return "q=u" },
				"prefix of some":  func(p population) string { return fmt.Sprint("q=u", p.n/10-7) },
				"prefix of email": func(p population) string { return fmt.Sprintf("q=u%d@", p.n-7) },
				"role":            func(population) string { return "role=ROLE_USER" },
				"unverified":      func(population) string { return "verified=false" },
			} {
				var before, after time.Duration
				for range 3 { // other load on the machine must not be mistaken for growth
					before, after = few.median(t, c, query(few)), many.median(t, c, query(many))
					if after < 3*before {
						break
					}
				}
				t.Logf("%-9s %-18s %8d users %8v   %8d users %8v   x%.2f", engine, name, few.n, before.Round(time.Microsecond),
					many.n, after.Round(time.Microsecond), float64(after)/float64(before))
				if after >= 3*before { // the other queries are measured all the same
					t.Errorf("%s: %v with %d users, %v with %d", name, before, few.n, after, many.n)
				}
			}
		})
	}
}
