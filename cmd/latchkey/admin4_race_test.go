package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Two who sign up under one name in different case: one user.
func TestSignUpRace(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		for round := range 10 {
			name := fmt.Sprint("racer", round)
			names := []string{name, strings.ToUpper(name)}
			statuses := together(t, 2, func(i int) answer {
				return s.ask(t, fmt.Sprint("203.0.113.", round), "", "POST /api/auth/signup", object{
					"username": names[i], "email": fmt.Sprintf("racer-%d-%d@example.com", round, i), "password": "a long enough one"})
			})
			require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusConflict: 1}, statuses)
			require.Len(t, lines(command(t, at, "", "user", "list", name, "--json").out), 1)
		}
	})
}

// Of the last two administrators one stays, whichever way both are to go at once.
func TestLastAdminRace(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		require.Zero(t, command(t, at, "a long enough one\n", "user", "create", "second", "--email", "second@example.com", "--role", "ROLE_ADMIN").code)
		// keeper administers and is no ROLE_ADMIN, so that he is there whatever happens.
		scopes := object{"scopes": decoded(t, s.ask(t, "", s.token(t, "admin", devPassword("admin")), "GET /api/roles/ROLE_ADMIN").body)["scopes"]}
		require.Equal(t, http.StatusOK, s.ask(t, "", s.token(t, "admin", devPassword("admin")), "PUT /api/roles/ROLE_KEEPER", scopes).status)
		require.Zero(t, command(t, at, "a long enough one\n", "user", "create", "keeper", "--email", "keeper@example.com", "--role", "ROLE_KEEPER").code)
		keeper := s.token(t, "keeper", "a long enough one")
		ids := []string{userID(t, at, "admin@"), userID(t, at, "second@")}
		demote := func(id string) answer { return s.ask(t, "", keeper, "DELETE /api/users/"+id+"/roles/ROLE_ADMIN") }
		disable := func(id string) answer { return s.ask(t, "", keeper, "PATCH /api/users/"+id, object{"active": false}) }
		for round := range 10 {
			ways := []func(string) answer{demote, disable}
			statuses := together(t, 2, func(i int) answer { return ways[(i*round)%2](ids[i]) })
			require.Equal(t, 1, statuses[http.StatusConflict], "round %d: %v", round, statuses)
			for _, id := range ids {
				require.Equal(t, http.StatusNoContent, s.ask(t, "", keeper, "PUT /api/users/"+id+"/roles/ROLE_ADMIN").status)
				require.Equal(t, http.StatusOK, s.ask(t, "", keeper, "PATCH /api/users/"+id, object{"active": true}).status)
			}
		}
		statuses := together(t, 2, func(i int) answer { return s.ask(t, "", keeper, "DELETE /api/users/"+ids[i]) })
		require.Equal(t, map[int]int{http.StatusNoContent: 1, http.StatusConflict: 1}, statuses)
	})
}

// A role that is given and one that is taken count at once, for tokens that exist.
func TestRolesCountAtOnce(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		admin, user := s.token(t, "admin", devPassword("admin")), s.token(t, "user", devPassword("user"))
		role := "/api/users/" + claim(t, user, "sub") + "/roles/ROLE_MODERATOR"
		require.Equal(t, http.StatusNoContent, s.ask(t, "", admin, "PUT "+role).status)
		moderator := s.token(t, "user", devPassword("user"))
		require.Equal(t, http.StatusOK, s.get(t, "/api/users", moderator).status)
		require.Equal(t, http.StatusNoContent, s.ask(t, "", admin, "DELETE "+role).status)
		require.Equal(t, http.StatusForbidden, s.get(t, "/api/users", moderator).status)
	})
}

// A user who is switched off has no session more, and may come back when his time is over.
func TestDisabledUntil(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		admin, user := s.token(t, "admin", devPassword("admin")), s.token(t, "user", devPassword("user"))
		path := "PATCH /api/users/" + claim(t, user, "sub")
		got := s.ask(t, "", admin, path, object{"active": false, "disabled_until": "2099-01-01T00:00:00Z"})
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/auth/users/me", user).status)
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "user", devPassword("user")).status)
		got = s.ask(t, "", admin, path, object{"active": false, "disabled_until": "2020-01-01T00:00:00Z"})
		require.Equal(t, http.StatusOK, got.status, got.body)
		s.token(t, "user", devPassword("user"))
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/auth/users/me", user).status, "what has ended stays so")
	})
}

// A forced reset ends sessions and password; the letter sets a new one. Whoever is created without a
// password gets a letter, too.
func TestForcedResetAndInvitation(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		admin, user := s.token(t, "admin", devPassword("admin")), s.token(t, "user", devPassword("user"))
		require.Equal(t, http.StatusAccepted, s.ask(t, "", admin, "POST /api/users/"+claim(t, user, "sub")+"/force-reset").status)
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/auth/users/me", user).status)
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "user", devPassword("user")).status)
		require.Equal(t, http.StatusCreated, s.ask(t, "", admin, "POST /api/users", object{"username": "guest", "email": "guest@example.com"}).status)
		for name, subject := range map[string]string{"user": resetSubject, "guest": "Your account"} {
			token := at.mailedToken(t, name+"@example.com", subject)
			got := s.ask(t, "", "", "POST /api/auth/reset-password", object{"token": token, "password": "a password of one's own"})
			require.Equal(t, http.StatusOK, got.status, got.body)
			me := s.get(t, "/api/auth/users/me", s.token(t, name, "a password of one's own"))
			require.Equal(t, true, decoded(t, me.body)["email_verified"], "who answers a letter has the address")
		}
	})
}

// Pages follow one another without gap or doublet, by each order.
func TestUserPages(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		var file strings.Builder
		for i := range 45 {
			_, _ = fmt.Fprintf(&file, `{"username": "page%02d", "email": "Page%02d@example.org"}`+"\n", i, i)
		}
		got := command(t, at, file.String(), "user", "import", "-")
		require.Zero(t, got.code, got.err)
		s := start(t, at)
		admin := s.token(t, "admin", devPassword("admin"))
		for query, want := range map[string]int{"": 48, "&q=page": 45, "&role=ROLE_USER": 46, "&role=ROLE_USER&verified=false": 45, "&q=page1": 10, "&active=false": 0} {
			seen, cursor := map[string]bool{}, ""
			for {
				page := decoded(t, s.get(t, "/api/users?limit=7"+query+cursor, admin).body)
				for _, u := range page["items"].([]any) {
					name := u.(object)["username"].(string)
					require.False(t, seen[name], "%s comes twice", name)
					seen[name] = true
				}
				next, more := page["next_cursor"].(string)
				if !more {
					break
				}
				cursor = "&cursor=" + next
			}
			require.Len(t, seen, want, query)
		}
	})
}
