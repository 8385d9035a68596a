package e2e

import (
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// books are the rows of the users of a traffic.
type books struct {
	users    map[string]int // by username: how many
	roles    map[string]int // by username: how many roles
	sessions map[string]int // by username
	counters map[string]int // of the refresh tokens, by session
	events   map[string]int // successful events, by username or else session, and action
}

// readBooks reads the rows of the users whose names begin with a text.
func (i installation) readBooks(t *testing.T, prefix string) (b books) {
	t.Helper()
	like := "'" + prefix + "-%'"
	i.withDatabase(t, func(db *sql.DB) error {
		for into, query := range map[*map[string]int]string{
			&b.users:    `SELECT username, count(*) FROM users WHERE username LIKE ` + like + ` GROUP BY username`,
			&b.roles:    `SELECT username, count(*) FROM users JOIN users_to_roles ON user_id = id WHERE username LIKE ` + like + ` GROUP BY username`,
			&b.sessions: `SELECT username, count(*) FROM users u JOIN sessions s ON s.user_id = u.id WHERE username LIKE ` + like + ` GROUP BY username`,
			&b.counters: `SELECT CAST(s.id AS text), counter FROM users u JOIN sessions s ON s.user_id = u.id WHERE username LIKE ` + like,
			&b.events: `SELECT CASE target WHEN '' THEN target_id ELSE target END || ' ' || action, count(*) FROM audit_events
				WHERE outcome = 'success' GROUP BY target, target_id, action`,
		} {
			*into = counts(t, db, query)
		}
		return nil
	})
	return b
}

// counts reads rows of a key and a number.
func counts(t *testing.T, db *sql.DB, query string) map[string]int {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err, query)
	defer func() { _ = rows.Close() }()
	all := map[string]int{}
	for rows.Next() {
		var key string
		var n int
		require.NoError(t, rows.Scan(&key, &n))
		all[key] = n
	}
	require.NoError(t, rows.Err())
	return all
}

// verify compares everything that was acknowledged with what the service and its database have now, and
// requires that there is no problem. Whatever is in doubt must have happened entirely or not at all.
func (x *traffic) verify(t *testing.T, inst installation, replicas ...*server) {
	t.Helper()
	b := inst.readBooks(t, x.name)
	slots := make(chan struct{}, 4)
	var wait sync.WaitGroup
	// A refresh that is in doubt can be repeated for a while only: those first.
	slices.SortStableFunc(x.lives, func(a, b *life) int { return number(b.doubt != "") - number(a.doubt != "") })
	for i, l := range x.lives {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c := caller{url: replicas[i%len(replicas)].url, address: l.address}
			check := &inspection{x: x, c: c, l: l}
			check.books(b)
			check.mainSession()
			check.passwordsAndEndedSessions(b)
		})
	}
	wait.Wait()
	x.requireNoProblems(t)
}

// inspection compares one life with what is stored.
type inspection struct {
	x *traffic
	c caller
	l *life
}

// expect reports a problem unless a response has a status.
func (i *inspection) expect(what string, want int, got response, err error) response {
	if err != nil || got.status != want {
		i.x.problem("%s (in doubt: %q): %s: expected %d, got %d %s %v", i.l.name, i.l.doubt, what, want, got.status, got.body, err)
	}
	return got
}

// ask sends a form, again as long as the service is busy: the passwords of many users are checked at once.
func (i *inspection) ask(path string, form ...string) (got response, err error) {
	for end := time.Now().Add(waitTimeout); ; {
		got, err = i.c.tryForm(path, form...)
		if err != nil || got.status != http.StatusServiceUnavailable || time.Now().After(end) {
			return got, err
		}
		<-time.After(100 * time.Millisecond)
	}
}

// between reports a problem unless a number is the acknowledged one, or one more if a step is in doubt.
func (i *inspection) between(what string, got, acked int, doubt bool) {
	if got != acked && (!doubt || got != acked+1) {
		i.x.problem("%s (in doubt: %q): %s: %d acknowledged, %d stored", i.l.name, i.l.doubt, what, acked, got)
	}
}

// number is 1 for true.
func number(is bool) int {
	if is {
		return 1
	}
	return 0
}

// books compares the numbers of rows: a user has a role and an event exactly if it exists.
func (i *inspection) books(b books) {
	l := i.l
	exists := b.users[l.name]
	i.between("users", exists, number(l.created), l.doubt == "sign-up")
	i.between("roles", b.roles[l.name], exists, false)
	i.between("events of creation", b.events[l.name+" user.registered"], exists, false)
	i.between("sessions", b.sessions[l.name], l.sessions, l.doubt == "sign-in" || l.doubt == "second sign-in" || l.doubt == "third sign-in")
	i.between("events of revocation", b.events[l.revokedSession+" session.token_revoked"], number(l.revokedAcked), l.doubt == "revocation")
	if len(l.chain) > 0 {
		i.between("rotations", b.counters[sessionOf(l.access)], len(l.chain)-1, l.doubt == "refresh")
	}
}

// mainSession requires that the session goes on, that it shows the acknowledged profile, and that no
// rotated token is accepted.
func (i *inspection) mainSession() {
	l := i.l
	if len(l.chain) == 0 {
		return
	}
	got, err := i.ask("/token", "grant_type", "refresh_token", "refresh_token", l.chain[len(l.chain)-1])
	successor := part(i.expect("the current refresh token", http.StatusOK, got, err).body, "refresh_token")
	got, err = i.c.try("GET /api/auth/users/me", l.access, "", nil)
	i.expect("the access token", http.StatusOK, got, err)
	if shown := part(got.body, "name"); shown != l.shown && (l.doubt != "rename" || shown != l.next) {
		i.x.problem("%s (in doubt: %q): the name is %q, expected %q", l.name, l.doubt, shown, l.shown)
	}
	if len(l.chain) > 1 {
		got, err = i.ask("/token", "grant_type", "refresh_token", "refresh_token", l.chain[len(l.chain)-2])
		i.expect("a rotated token", http.StatusBadRequest, got, err)
		got, err = i.ask("/token", "grant_type", "refresh_token", "refresh_token", successor)
		i.expect("the session of a rotated token that was used again", http.StatusBadRequest, got, err)
	}
}

// passwordsAndEndedSessions requires that exactly one password is right, and that ended sessions have
// ended. A new password ends the other session, also if both are in doubt.
func (i *inspection) passwordsAndEndedSessions(b books) {
	l := i.l
	if !l.created {
		return
	}
	changed, password := l.oldPassword != "", l.password
	if l.doubt == "new password" {
		got, err := i.ask("/token", "grant_type", "password", "username", l.name, "password", l.next)
		if changed = err == nil && got.status == http.StatusOK; changed {
			l.oldPassword, password = l.password, l.next
		}
	}
	got, err := i.ask("/token", "grant_type", "password", "username", l.name, "password", password)
	i.expect("the password", http.StatusOK, got, err)
	i.between("events of new passwords", b.events[l.name+" user.password_changed"], number(changed), false)
	if changed {
		got, err = i.ask("/token", "grant_type", "password", "username", l.name, "password", l.oldPassword)
		i.expect("the old password", http.StatusBadRequest, got, err)
	}
	if l.other != "" {
		want := map[bool]int{false: http.StatusOK, true: http.StatusBadRequest}[changed]
		got, err = i.ask("/token", "grant_type", "refresh_token", "refresh_token", l.other)
		i.expect(fmt.Sprintf("the other session (new password: %v)", changed), want, got, err)
	}
	if l.revoked != "" && l.doubt != "revocation" {
		want := map[bool]int{false: http.StatusOK, true: http.StatusBadRequest}[l.revokedAcked]
		got, err = i.ask("/token", "grant_type", "refresh_token", "refresh_token", l.revoked)
		i.expect("the revoked session", want, got, err)
	}
}
