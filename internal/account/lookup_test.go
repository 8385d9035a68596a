package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// addFive stores five users, one an hour.
func addFive(t *testing.T, f *fixture) []string {
	t.Helper()
	names := []string{"Eve", "Dan", "Cy", "Bob", "Ann"}
	for i, name := range names {
		f.addUser(t, name, func(u *account.User) { u.CreatedAt = noon.Add(time.Duration(i) * time.Hour) })
	}
	return names
}

// list returns the usernames on every page of a list.
func list(t *testing.T, f *fixture, q account.Query) (pages [][]string) {
	t.Helper()
	for {
		users, next, err := f.List(t.Context(), q)
		require.NoError(t, err)
		names := []string{}
		for _, u := range users {
			names = append(names, u.Username)
		}
		pages = append(pages, names)
		if next == nil {
			return pages
		}
		require.Less(t, len(pages), 10, "the list must end")
		q.After = *next
	}
}

// A list has no empty last page: one user more than requested is read to see whether there is another page.
func TestListPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addFive(t, f)
	for name, c := range map[string]struct {
		query account.Query
		want  [][]string
	}{
		"one page":            {account.Query{Limit: 9}, [][]string{{"Eve", "Dan", "Cy", "Bob", "Ann"}}},
		"exactly one page":    {account.Query{Limit: 5}, [][]string{{"Eve", "Dan", "Cy", "Bob", "Ann"}}},
		"one user more":       {account.Query{Limit: 4}, [][]string{{"Eve", "Dan", "Cy", "Bob"}, {"Ann"}}},
		"three pages":         {account.Query{Limit: 2}, [][]string{{"Eve", "Dan"}, {"Cy", "Bob"}, {"Ann"}}},
		"none":                {account.Query{Limit: 2, Role: account.RoleAdmin}, [][]string{{}}},
		"a page of a search":  {account.Query{Limit: 1, Prefix: "A"}, [][]string{{"Ann"}}},
		"a search in capital": {account.Query{Limit: 1, Prefix: "EVE@EX"}, [][]string{{"Eve"}}},
	} {
		require.Equal(t, c.want, list(t, f, c.query), name)
	}
}

// The pages of a search are ordered by what it matched.
func TestListPagesOfASearch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, name := range []string{"anton", "Ann", "anna", "Bob"} {
		f.addUser(t, name, func(u *account.User) { u.CreatedAt = noon.Add(time.Duration(i) * time.Hour) })
	}
	require.Equal(t, [][]string{{"Ann", "anna"}, {"anton"}}, list(t, f, account.Query{Prefix: "AN", Limit: 2}))
}

func TestListCanonical(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query account.Query
		want  []string
		reads int // of the store
	}{
		"username in capitals": {account.Query{UsernameKey: "ANN"}, []string{"Ann"}, 1},
		"username, full-width": {account.Query{UsernameKey: "ＡＮＮ"}, []string{"Ann"}, 1},
		"email in capitals":    {account.Query{EmailKey: "BOB@EXAMPLE.ORG"}, []string{"Bob"}, 1},
		"unknown username":     {account.Query{UsernameKey: "zoe"}, []string{}, 1},
		"impossible username":  {account.Query{UsernameKey: "a b"}, []string{}, 0},
		"impossible email":     {account.Query{EmailKey: "bob"}, []string{}, 0},
		"prefix with a space":  {account.Query{Prefix: " Cy "}, []string{"Cy"}, 1},
		"prefix, no username":  {account.Query{Prefix: "a b"}, []string{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			addFive(t, f)
			c.query.Limit = 10
			require.Equal(t, [][]string{c.want}, list(t, f, c.query))
			require.Equal(t, c.reads, f.store.reads["ListUsers"])
		})
	}
}

// Whether a user is active is judged at the time of the request.
func TestListActive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addUser(t, "Ann", disabled)
	f.addUser(t, "Bob", disabledUntil(time.Hour))
	inactive := account.Query{Active: ptr(false), Limit: 10, Now: noon.AddDate(-1, 0, 0)}
	require.Len(t, list(t, f, inactive)[0], 2)
	f.now = noon.Add(time.Hour)
	require.Equal(t, [][]string{{"Ann"}}, list(t, f, inactive))
}

func TestByLogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		login string
		found bool
		reads map[string]int
	}{
		"username":       {" ANN ", true, map[string]int{"UserByUsername": 1}},
		"email address":  {"ANN@example.org", true, map[string]int{"UserByEmail": 1}},
		"unknown":        {"bob", false, map[string]int{"UserByUsername": 1}},
		"unknown email":  {"bob@example.org", false, map[string]int{"UserByEmail": 1}},
		"impossible":     {"a b", false, map[string]int{}},
		"two at signs":   {"a@b@c", false, map[string]int{}},
		"nothing at all": {"", false, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ann := f.addUser(t, "Ann")
			u, err := f.ByLogin(t.Context(), c.login)
			require.Equal(t, c.reads, f.store.reads)
			if !c.found {
				require.ErrorIs(t, err, fault.ErrNotFound)
				return
			}
			require.NoError(t, err)
			require.Equal(t, ann, u)
		})
	}
}

func TestLookupOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.store.fail["UserByUsername"], f.store.fail["ListUsers"] = fault.ErrUnavailable, fault.ErrUnavailable
	_, err := f.ByLogin(t.Context(), "ann")
	require.ErrorIs(t, err, fault.ErrUnavailable)
	require.NotErrorIs(t, err, fault.ErrNotFound)
	_, _, err = f.List(t.Context(), account.Query{Limit: 1})
	require.ErrorIs(t, err, fault.ErrUnavailable)
}
