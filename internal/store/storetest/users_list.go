package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

var userListTests = tests[Accounts]{
	"pages":                     listPages,
	"page sizes":                listPageSizes,
	"exact keys":                listExactKeys,
	"all filters":               listFilters,
	"filter by disabled time":   listDisabledTime,
	"pages of a role":           listRolePages,
	"3,000 users and newcomers": listManyUsers,
}

// userIDs returns the ids of users.
func userIDs(users []account.User) []string {
	ids := []string{}
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	return ids
}

// mustListIDs returns the ids of the users that a query finds.
func mustListIDs(t *testing.T, db Accounts, q account.Query) []string {
	t.Helper()
	q.Limit = 100
	users, keys, err := db.ListUsers(t.Context(), q)
	require.NoError(t, err)
	if q.Prefix == "" {
		require.Empty(t, keys)
	} else {
		require.Len(t, keys, len(users))
	}
	return userIDs(users)
}

// listAllPages returns the users of all pages of a query, and the keys of a search.
func listAllPages(t *testing.T, db Accounts, q account.Query) (users []account.User, keys []string) {
	t.Helper()
	for {
		page, pageKeys, err := db.ListUsers(t.Context(), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), q.Limit)
		if len(page) == 0 {
			return users, keys
		}
		users, keys = append(users, page...), append(keys, pageKeys...)
		last := page[len(page)-1]
		q.After = account.Position{CreatedAt: last.CreatedAt, ID: last.ID}
		if q.Prefix != "" {
			q.After = account.Position{Key: pageKeys[len(pageKeys)-1], ID: last.ID}
		}
	}
}

func listPages(t *testing.T, db Accounts) {
	want := []account.User{}
	for i := range 7 { // three of them are created in the same second
		want = append(want, mustCreateUser(t, db, func(u *account.User) { u.CreatedAt = noon.Add(time.Duration(i/3) * time.Second) }))
	}
	slices.SortFunc(want, func(a, b account.User) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	got, _ := listAllPages(t, db, account.Query{Limit: 3})
	require.Equal(t, want, got)
}

func listPageSizes(t *testing.T, db Accounts) {
	page, err := listUsers(t.Context(), db, account.Position{}, 10)
	require.NoError(t, err)
	require.Empty(t, page)
	u := mustCreateUser(t, db, nil)
	for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 10: 1} {
		page, err = listUsers(t.Context(), db, account.Position{}, limit)
		require.NoError(t, err)
		require.Len(t, page, want)
		if want > 0 {
			require.Equal(t, u, page[0])
		}
	}
}

func listExactKeys(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	none, one := []string{}, []string{u.ID}
	for name, test := range map[string]struct {
		q    account.Query
		want []string
	}{
		"username":           {account.Query{UsernameKey: u.UsernameKey}, one},
		"not canonical":      {account.Query{UsernameKey: u.Username}, none},
		"start of username":  {account.Query{UsernameKey: u.UsernameKey[:5]}, none},
		"email":              {account.Query{EmailKey: u.EmailKey}, one},
		"both":               {account.Query{UsernameKey: u.UsernameKey, EmailKey: u.EmailKey}, one},
		"of two users":       {account.Query{UsernameKey: u.UsernameKey, EmailKey: other.EmailKey}, none},
		"and a role":         {account.Query{UsernameKey: u.UsernameKey, Role: account.RoleUser}, one},
		"and another role":   {account.Query{EmailKey: u.EmailKey, Role: account.RoleAdmin}, none},
		"and active":         {account.Query{EmailKey: u.EmailKey, Active: new(true), Now: noon}, one},
		"and not active":     {account.Query{EmailKey: u.EmailKey, Active: new(false), Now: noon}, none},
		"after the user":     {account.Query{UsernameKey: u.UsernameKey, After: account.Position{CreatedAt: u.CreatedAt, ID: u.ID}}, none},
		"and a prefix":       {account.Query{UsernameKey: u.UsernameKey, Prefix: "ann"}, one},
		"invalid username":   {account.Query{UsernameKey: "\x00"}, none},
		"invalid role":       {account.Query{Role: "\xff"}, none},
		"invalid prefix":     {account.Query{Prefix: "\x00"}, none},
		"neither key exists": {account.Query{UsernameKey: "nobody", EmailKey: "nobody@x.example"}, none},
	} {
		require.Equal(t, test.want, mustListIDs(t, db, test.q), name)
	}
}

// listFilters tries every combination of filters on every kind of user.
func listFilters(t *testing.T, db Accounts) {
	users := []account.User{}
	for i := range 8 {
		users = append(users, mustCreateUser(t, db, func(u *account.User) {
			u.CreatedAt = noon.Add(time.Duration(i) * time.Second)
			u.Active, u.EmailVerified, u.Roles = i&1 == 0, i&2 == 0, []string{account.RoleUser}
			if i&4 != 0 {
				u.Roles = append(u.Roles, account.RoleAdmin)
			}
		}))
	}
	for _, role := range []string{"", account.RoleAdmin, account.RoleModerator} {
		for _, active := range []*bool{nil, new(true), new(false)} {
			for _, verified := range []*bool{nil, new(true), new(false)} {
				q := account.Query{Role: role, Active: active, Verified: verified, Now: noon}
				want := userIDs(slices.DeleteFunc(slices.Clone(users), func(u account.User) bool { return !passesFilters(u, q) }))
				require.Equal(t, want, mustListIDs(t, db, q), "%+v", q)
				q.Prefix = "ann"
				require.ElementsMatch(t, want, mustListIDs(t, db, q), "%+v", q)
			}
		}
	}
}

func passesFilters(u account.User, q account.Query) bool {
	return (q.Role == "" || slices.Contains(u.Roles, q.Role)) &&
		(q.Active == nil || *q.Active == u.Active) &&
		(q.Verified == nil || *q.Verified == u.EmailVerified)
}

func listDisabledTime(t *testing.T, db Accounts) {
	until := noon.Add(time.Minute)
	temporary := mustCreateUser(t, db, func(u *account.User) { u.Active, u.DisabledUntil = false, until })
	permanent := mustCreateUser(t, db, func(u *account.User) { u.Active, u.DisabledUntil = false, time.Time{} })
	for at, want := range map[time.Time]struct{ active, inactive []string }{
		until.Add(-time.Second): {[]string{}, []string{temporary.ID, permanent.ID}},
		until:                   {[]string{temporary.ID}, []string{permanent.ID}},
	} {
		require.Equal(t, want.active, mustListIDs(t, db, account.Query{Active: new(true), Now: at}))
		require.ElementsMatch(t, want.inactive, mustListIDs(t, db, account.Query{Active: new(false), Now: at}))
	}
}

// listRolePages checks that the users of a role have the same order as all users, whenever they got it.
func listRolePages(t *testing.T, db Accounts) {
	var users []account.User
	for i := range 9 {
		users = append(users, mustCreateUser(t, db, func(u *account.User) { u.CreatedAt = noon.Add(time.Duration(i/4) * time.Second) }))
	}
	imported := NewUser()
	imported.Roles = []string{account.RoleAdmin}
	for _, u := range slices.Backward(users[:5]) {
		require.NoError(t, db.GrantRole(t.Context(), u.ID, account.RoleAdmin, noon.Add(time.Hour), noRecord))
	}
	_, err := db.ImportUsers(t.Context(), []account.User{imported}, noRecord)
	require.NoError(t, err)
	admins := append(userIDs(users[:5]), imported.ID)
	want := slices.DeleteFunc(mustListIDs(t, db, account.Query{}), func(id string) bool { return !slices.Contains(admins, id) })
	got, _ := listAllPages(t, db, account.Query{Role: account.RoleAdmin, Limit: 2})
	require.Equal(t, want, userIDs(got))
}

// listManyUsers reads all pages of 3,000 users while more users sign up. Each of the 3,000 is seen once.
func listManyUsers(t *testing.T, db Accounts) {
	ids := importMany(t, db)
	done := make(chan struct{})
	errs := inParallel(2, func(i int) error {
		if i > 0 {
			return signUpUntil(t, db, done)
		}
		defer close(done)
		for _, q := range []account.Query{{Limit: 170}, {Limit: 170, Role: account.RoleUser}, {Limit: 170, Prefix: "ann"}} {
			users, _ := listAllPages(t, db, q)
			seen := map[string]int{}
			for _, id := range userIDs(users) {
				seen[id]++
			}
			for _, id := range ids {
				if seen[id] != 1 {
					return fmt.Errorf("%+v: a user is seen %d times", q, seen[id])
				}
			}
		}
		return nil
	})
	require.NoError(t, errors.Join(errs...))
}

// importMany stores 3,000 users and returns their ids.
func importMany(t *testing.T, db Accounts) []string {
	t.Helper()
	var ids []string
	for range 6 {
		users := make([]account.User, 500)
		for i := range users {
			users[i] = NewUser()
			users[i].CreatedAt = noon.Add(time.Duration(len(ids)/7) * time.Second) // seven in the same second
			ids = append(ids, users[i].ID)
		}
		results, err := db.ImportUsers(t.Context(), users, noRecord)
		require.NoError(t, errors.Join(append(results, err)...))
	}
	return ids
}

// signUpUntil creates users, whose positions are anywhere in the lists, until done is closed.
func signUpUntil(t *testing.T, db Accounts, done <-chan struct{}) error {
	for i := range 500 {
		select {
		case <-done:
			return nil
		default:
		}
		u := NewUser()
		u.CreatedAt = noon.Add(time.Duration(u.ID[0]) * time.Second)
		if i%2 == 0 {
			u.UsernameKey = "bob-" + u.UsernameKey // a search for ann finds the email instead
		}
		if err := db.CreateUser(t.Context(), u, noRecord); err != nil {
			return err
		}
	}
	return nil
}
