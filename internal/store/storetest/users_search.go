package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

var userSearchTests = tests[Accounts]{
	"usernames and emails": searchBothKeys,
	"unusual prefixes":     searchUnusualPrefixes,
	"each user once":       searchEachUserOnce,
	"pages":                searchPages,
}

// mustCreateNamed stores a user with these keys.
func mustCreateNamed(t *testing.T, db Accounts, usernameKey, emailKey string) account.User {
	t.Helper()
	return mustCreateUser(t, db, func(u *account.User) { u.UsernameKey, u.EmailKey = usernameKey, emailKey })
}

// mustSearch returns the keys that a prefix matches.
func mustSearch(t *testing.T, db Accounts, prefix string) []string {
	t.Helper()
	_, keys, err := db.ListUsers(t.Context(), account.Query{Prefix: prefix, Limit: 100})
	require.NoError(t, err)
	return append([]string{}, keys...)
}

func searchBothKeys(t *testing.T, db Accounts) {
	ann := mustCreateNamed(t, db, "ann", "x@x.example")
	anna := mustCreateNamed(t, db, "anna", "anna@x.example") // found once, by the username
	bob := mustCreateNamed(t, db, "bob", "ann.b@x.example")
	mustCreateNamed(t, db, "an", "an@x.example")
	mustCreateNamed(t, db, "ao", "ao@x.example")
	users, keys, err := db.ListUsers(t.Context(), account.Query{Prefix: "ann", Limit: 9})
	require.NoError(t, err)
	require.Equal(t, []string{"ann", "ann.b@x.example", "anna"}, keys)
	require.Equal(t, []account.User{ann, bob, anna}, users)
	for _, limit := range []int{0, -1} {
		users, keys, err = db.ListUsers(t.Context(), account.Query{Prefix: "ann", Limit: limit})
		require.NoError(t, err)
		require.Empty(t, users)
		require.Empty(t, keys)
	}
	require.Empty(t, mustSearch(t, db, "annab"))
	require.Empty(t, mustSearch(t, db, "ANN"), "only the canonical keys are searched")
}

// searchUnusualPrefixes checks that no character of a prefix has a special meaning, and that a prefix of
// the last code points finds its users.
func searchUnusualPrefixes(t *testing.T, db Accounts) {
	for _, key := range []string{
		"50%", "50%a", "500", "a_b", "axb", `a\b`, "a*", "é", "ez", "\uD7FF", "\uD7FFz", "\uE000", "\uFFFF", "𝒜b",
		"\U0010FFFF", "\U0010FFFFz", "a\U0010FFFFz",
	} {
		mustCreateNamed(t, db, key, "@"+key)
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
		require.Equal(t, want, mustSearch(t, db, prefix), "%q", prefix)
	}
}

// searchEachUserOnce checks that a user whose username matches is not found again by the email, on
// whatever page the email would be.
func searchEachUserOnce(t *testing.T, db Accounts) {
	for i := range 10 { // each email is before each username
		mustCreateNamed(t, db, fmt.Sprintf("mz%d", i), fmt.Sprintf("ma%d@x.example", i))
	}
	mustCreateNamed(t, db, "other", "mb@x.example")
	want := []string{"mb@x.example", "mz0", "mz1", "mz2", "mz3", "mz4", "mz5", "mz6", "mz7", "mz8", "mz9"}
	for limit := 1; limit < 13; limit++ {
		_, keys := listAllPages(t, db, account.Query{Prefix: "m", Limit: limit})
		require.Equal(t, want, keys, limit)
	}
}

func searchPages(t *testing.T, db Accounts) {
	var want []string
	for i := range 60 {
		username, email := fmt.Sprintf("p%03d", (i*37)%100), fmt.Sprintf("p%03d@x.example", (i*53+7)%100)
		switch i % 3 {
		case 0: // only the username matches
			email = "q" + email
			want = append(want, username)
		case 1: // only the email matches
			username = "q" + username
			want = append(want, email)
		default:
			want = append(want, username)
		}
		mustCreateNamed(t, db, username, email)
	}
	slices.Sort(want)
	for _, limit := range []int{1, 7, 59, 60, 61} {
		_, keys := listAllPages(t, db, account.Query{Prefix: "p", Limit: limit})
		require.Equal(t, want, keys, limit)
	}
}
