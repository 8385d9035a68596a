package store

import "github.com/latchkey-auth/latchkey/internal/account"

// Search is the text of a search by prefix: two queries for (id, key), which the engine merges into
// one page.
type Search struct {
	ByUsername string // users whose username begins with the prefix
	ByEmail    string // users whose email does but whose username does not; reads ByUsername as by_username
	Limit      string // the parameter of the page size
}

// SearchUsers writes the search of q on the users row u. afterID is the expression of q.After.ID.
//
// ByEmail stops at the last username of a full page, because later emails are not on that page.
// Without this bound it would read the emails of all users whose username matches. SQLite uses one
// lower and one upper bound of an index, so the closer one comes first.
func SearchUsers(c *Conditions, q account.Query, afterID string) Search {
	FilterRole(c, q.Role)
	prefix, limit := c.Arg(q.Prefix), c.Arg(max(q.Limit, 0))
	start := c.Arg(max(q.Prefix, q.After.Key))
	after := `(` + c.Arg(q.After.Key) + `, ` + afterID + `)`
	matches := func(key string) string { return key + ` >= ` + prefix }
	emailBound := `TRUE`
	if text := PrefixEnd(q.Prefix); text != "" {
		end := c.Arg(text)
		matches = func(key string) string { return key + ` >= ` + prefix + ` AND ` + key + ` < ` + end }
		emailBound = `u.email_key <> ` + end + ` AND u.email_key <= COALESCE((SELECT max(key) FROM by_username HAVING count(*) = ` + limit + `), ` + end + `)`
	}
	page := func(key, condition string) string {
		return `SELECT u.id, ` + key + ` AS key FROM users u ` +
			c.Where(key+` >= `+start, `(`+key+`, u.id) > `+after, condition) + ` ORDER BY ` + key + ` LIMIT ` + limit
	}
	return Search{
		ByUsername: page(`u.username_key`, matches(`u.username_key`)),
		ByEmail:    page(`u.email_key`, emailBound+` AND NOT (`+matches(`u.username_key`)+`)`),
		Limit:      limit,
	}
}

// Match is a user whom a search found, with the key that matched the prefix.
type Match struct {
	User account.User
	Key  string
}

// SplitMatches returns the users and the keys of a search, in the same order.
func SplitMatches(matches []Match) ([]account.User, []string) {
	users, keys := make([]account.User, len(matches)), make([]string, len(matches))
	for i, m := range matches {
		users[i], keys[i] = m.User, m.Key
	}
	return users, keys
}
