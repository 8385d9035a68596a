package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

func testList(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"exact":            listExact,
		"filters":          listFilters,
		"filters by time":  listByTime,
		"by role, pages":   listByRole,
		"prefix":           listPrefix,
		"prefix, odd":      listPrefixOdd,
		"prefix, one user": listPrefixOnce,
		"prefix, pages":    listPrefixPages,
		"3,000 users":      listMany,
	})
}

// ids gives those of users.
func ids(users []account.User) []string {
	all := []string{}
	for _, u := range users {
		all = append(all, u.ID)
	}
	return all
}

// mustList gives the ids that a query finds.
func mustList(t *testing.T, w World, q account.Query) []string {
	t.Helper()
	q.Limit = 100
	users, keys, err := w.ListUsers(t.Context(), q)
	require.NoError(t, err)
	if q.Prefix == "" {
		require.Empty(t, keys)
	} else {
		require.Len(t, keys, len(users))
	}
	return ids(users)
}

func listExact(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	for name, test := range map[string]struct {
		q    account.Query
		want []string
	}{
		"username":          {account.Query{UsernameKey: u.UsernameKey}, []string{u.ID}},
		"as given":          {account.Query{UsernameKey: u.Username}, []string{}},
		"its beginning":     {account.Query{UsernameKey: u.UsernameKey[:5]}, []string{}},
		"e-mail":            {account.Query{EmailKey: u.EmailKey}, []string{u.ID}},
		"both":              {account.Query{UsernameKey: u.UsernameKey, EmailKey: u.EmailKey}, []string{u.ID}},
		"of two":            {account.Query{UsernameKey: u.UsernameKey, EmailKey: other.EmailKey}, []string{}},
		"with his role":     {account.Query{UsernameKey: u.UsernameKey, Role: account.RoleUser}, []string{u.ID}},
		"with another":      {account.Query{EmailKey: u.EmailKey, Role: account.RoleAdmin}, []string{}},
		"active":            {account.Query{EmailKey: u.EmailKey, Active: new(true), Now: noon}, []string{u.ID}},
		"not active":        {account.Query{EmailKey: u.EmailKey, Active: new(false), Now: noon}, []string{}},
		"past him":          {account.Query{UsernameKey: u.UsernameKey, After: account.Position{CreatedAt: u.CreatedAt, ID: u.ID}}, []string{}},
		"with a prefix":     {account.Query{UsernameKey: u.UsernameKey, Prefix: "ann"}, []string{u.ID}},
		"impossible":        {account.Query{UsernameKey: "\x00"}, []string{}},
		"impossible role":   {account.Query{Role: "\xff"}, []string{}},
		"impossible prefix": {account.Query{Prefix: "\x00"}, []string{}},
	} {
		require.Equal(t, test.want, mustList(t, w, test.q), name)
	}
}

// listFilters tries every combination of filters against every kind of user.
func listFilters(t *testing.T, w World) {
	roles := []string{"", account.RoleAdmin, account.RoleModerator}
	all := []account.User{}
	for i := range 8 {
		all = append(all, mustCreate(t, w, func(u *account.User) {
			u.CreatedAt = noon.Add(time.Duration(i) * time.Second)
			u.Active, u.EmailVerified, u.Roles = i&1 == 0, i&2 == 0, []string{account.RoleUser}
			if i&4 != 0 {
				u.Roles = append(u.Roles, account.RoleAdmin)
			}
		}))
	}
	options := []*bool{nil, new(true), new(false)}
	for _, role := range roles {
		for _, active := range options {
			for _, verified := range options {
				want := []string{}
				for _, u := range all {
					if (role == "" || slices.Contains(u.Roles, role)) && (active == nil || *active == u.Active) &&
						(verified == nil || *verified == u.EmailVerified) {
						want = append(want, u.ID)
					}
				}
				q := account.Query{Role: role, Active: active, Verified: verified, Now: noon}
				require.Equal(t, want, mustList(t, w, q), "%+v", q)
				q.Prefix = "ann"
				require.ElementsMatch(t, want, mustList(t, w, q), "%+v", q)
			}
		}
	}
}

func listByTime(t *testing.T, w World) {
	until := noon.Add(time.Minute)
	u := mustCreate(t, w, func(u *account.User) { u.Active, u.DisabledUntil = false, until })
	gone := mustCreate(t, w, func(u *account.User) { u.Active, u.DisabledUntil = false, time.Time{} })
	for at, want := range map[time.Time][2][]string{
		until.Add(-time.Second): {{}, {u.ID, gone.ID}},
		until:                   {{u.ID}, {gone.ID}},
	} {
		require.Equal(t, want[0], mustList(t, w, account.Query{Active: new(true), Now: at}))
		require.ElementsMatch(t, want[1], mustList(t, w, account.Query{Active: new(false), Now: at}))
	}
}

// listByRole: a page of those who have a role is in the order of all pages, however they came by it.
func listByRole(t *testing.T, w World) {
	var made []account.User
	for i := range 9 {
		made = append(made, mustCreate(t, w, func(u *account.User) { u.CreatedAt = noon.Add(time.Duration(i/4) * time.Second) }))
	}
	imported := NewUser()
	imported.Roles = []string{account.RoleAdmin}
	for _, u := range slices.Backward(made[:5]) {
		require.NoError(t, w.GrantRole(t.Context(), u.ID, account.RoleAdmin, noon.Add(time.Hour), none))
	}
	_, err := w.ImportUsers(t.Context(), []account.User{imported}, none)
	require.NoError(t, err)
	all := mustList(t, w, account.Query{})
	has := append(ids(made[:5]), imported.ID)
	var got []string
	var after account.Position
	for {
		page, _, err := w.ListUsers(t.Context(), account.Query{Role: account.RoleAdmin, After: after, Limit: 2})
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		got = append(got, ids(page)...)
		after = account.Position{CreatedAt: page[len(page)-1].CreatedAt, ID: page[len(page)-1].ID}
	}
	require.Equal(t, slices.DeleteFunc(all, func(id string) bool { return !slices.Contains(has, id) }), got)
}

// named makes a user with these keys.
func named(t *testing.T, w World, username, email string) account.User {
	t.Helper()
	return mustCreate(t, w, func(u *account.User) { u.UsernameKey, u.EmailKey = username, email })
}

// search gives the keys that a prefix matches.
func search(t *testing.T, w World, prefix string) []string {
	t.Helper()
	_, keys, err := w.ListUsers(t.Context(), account.Query{Prefix: prefix, Limit: 100})
	require.NoError(t, err)
	return keys
}

func listPrefix(t *testing.T, w World) {
	ann := named(t, w, "ann", "x@x.example")
	anna := named(t, w, "anna", "anna@x.example") // once, by the name
	bob := named(t, w, "bob", "ann.b@x.example")
	named(t, w, "an", "an@x.example")
	named(t, w, "ao", "ao@x.example")
	users, keys, err := w.ListUsers(t.Context(), account.Query{Prefix: "ann", Limit: 9})
	require.NoError(t, err)
	require.Equal(t, []string{"ann", "ann.b@x.example", "anna"}, keys)
	require.Equal(t, []account.User{ann, bob, anna}, users) // a search gives whole users
	for _, limit := range []int{0, -1} {
		users, keys, err = w.ListUsers(t.Context(), account.Query{Prefix: "ann", Limit: limit})
		require.NoError(t, err)
		require.Empty(t, users)
		require.Empty(t, keys)
	}
	require.Empty(t, search(t, w, "annab"))
	require.Empty(t, search(t, w, "ANN")) // only keys are looked at
}

// listPrefixOdd: no character of a prefix has a meaning of its own, and the last ones are found, too.
func listPrefixOdd(t *testing.T, w World) {
	for _, key := range []string{"50%", "50%a", "500", "a_b", "axb", `a\b`, "a*", "é", "ez", "\uD7FF", "\uD7FFz", "\uE000", "\uFFFF", "𝒜b", "\U0010FFFF", "\U0010FFFFz", "a\U0010FFFFz"} {
		named(t, w, key, "@"+key)
	}
	for prefix, want := range map[string][]string{
		"50%":         {"50%", "50%a"},
		"a_":          {"a_b"},
		`a\`:          {`a\b`},
		"a*":          {"a*"},
		"%":           {},
		"_":           {},
		"é":           {"é"},
		"e":           {"ez"},
		"\uD7FF":      {"\uD7FF", "\uD7FFz"},
		"\uFFFF":      {"\uFFFF"},
		"𝒜":           {"𝒜b"},
		"\U0010FFFF":  {"\U0010FFFF", "\U0010FFFFz"},
		"a\U0010FFFF": {"a\U0010FFFFz"},
		"@\U0010FFFF": {"@\U0010FFFF", "@\U0010FFFFz"},
	} {
		require.Equal(t, want, append([]string{}, search(t, w, prefix)...), "%q", prefix)
	}
}

// listPrefixOnce: whose name matches does not come again by his address, on whatever page it would be.
func listPrefixOnce(t *testing.T, w World) {
	for i := range 10 { // every address before every name
		named(t, w, fmt.Sprintf("mz%d", i), fmt.Sprintf("ma%d@x.example", i))
	}
	named(t, w, "other", "mb@x.example")
	for limit := 1; limit < 13; limit++ {
		require.Equal(t, []string{"mb@x.example", "mz0", "mz1", "mz2", "mz3", "mz4", "mz5", "mz6", "mz7", "mz8", "mz9"},
			keysByPages(t, w, account.Query{Prefix: "m", Limit: limit}), limit)
	}
}

// keysByPages goes through all pages of a search.
func keysByPages(t *testing.T, w World, q account.Query) []string {
	t.Helper()
	var all []string
	for {
		users, keys, err := w.ListUsers(t.Context(), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(users), q.Limit)
		if len(users) == 0 {
			return all
		}
		all = append(all, keys...)
		q.After = account.Position{Key: keys[len(keys)-1], ID: users[len(users)-1].ID}
	}
}

func listPrefixPages(t *testing.T, w World) {
	var want []string
	for i := range 60 {
		name, mail := fmt.Sprintf("p%03d", (i*37)%100), fmt.Sprintf("p%03d@x.example", (i*53+7)%100)
		switch i % 3 {
		case 0: // by the name
			mail = "q" + mail
			want = append(want, name)
		case 1: // by the address
			name = "q" + name
			want = append(want, mail)
		default: // by both
			want = append(want, name)
		}
		named(t, w, name, mail)
	}
	slices.Sort(want)
	for _, limit := range []int{1, 7, 59, 60, 61} {
		require.Equal(t, want, keysByPages(t, w, account.Query{Prefix: "p", Limit: limit}), limit)
	}
}

// listMany goes through 3,000 users in pages, while others come: each of them is there once.
func listMany(t *testing.T, w World) {
	var made []string
	for range 6 {
		users := make([]account.User, 500)
		for i := range users {
			users[i] = NewUser()
			users[i].CreatedAt = noon.Add(time.Duration(len(made)/7) * time.Second) // several share a second
			made = append(made, users[i].ID)
		}
		results, err := w.ImportUsers(t.Context(), users, none)
		require.NoError(t, errors.Join(append(results, err)...))
	}
	done := make(chan struct{})
	pages := map[string]func(*testing.T) []string{
		"all": func(t *testing.T) []string { t.Helper(); return pageThrough(t, w, account.Query{Limit: 170}) },
		"role": func(t *testing.T) []string {
			t.Helper()
			return pageThrough(t, w, account.Query{Limit: 170, Role: account.RoleUser})
		},
		"prefix": func(t *testing.T) []string {
			t.Helper()
			return pageThrough(t, w, account.Query{Limit: 170, Prefix: "ann"})
		},
	}
	errs := inParallel(2, func(i int) error {
		if i == 0 {
			defer close(done)
			for name, all := range pages {
				seen := map[string]int{}
				for _, id := range all(t) {
					seen[id]++
				}
				for _, id := range made {
					if seen[id] != 1 {
						return fmt.Errorf("%s: a user is seen %d times", name, seen[id])
					}
				}
			}
			return nil
		}
		for range 500 {
			select {
			case <-done:
				return nil
			default:
			}
			u := NewUser()
			u.CreatedAt = noon.Add(time.Duration(u.ID[0]) * time.Second) // anywhere among them
			if strings.ContainsRune("02468ace", rune(u.ID[0])) {
				u.UsernameKey = "bob-" + u.UsernameKey // found by another key
			}
			if err := w.CreateUser(t.Context(), u, none); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, errors.Join(errs...))
}

// pageThrough gives the ids of all users that a query finds, page by page.
func pageThrough(t *testing.T, w World, q account.Query) []string {
	t.Helper()
	var all []string
	for {
		users, keys, err := w.ListUsers(t.Context(), q)
		require.NoError(t, err)
		if len(users) == 0 {
			return all
		}
		all = append(all, ids(users)...)
		last := users[len(users)-1]
		q.After = account.Position{CreatedAt: last.CreatedAt, ID: last.ID}
		if q.Prefix != "" {
			q.After = account.Position{Key: keys[len(keys)-1], ID: last.ID}
		}
	}
}
