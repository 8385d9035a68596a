package sqlite

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/account"
)

const hasRole = `EXISTS (SELECT 1 FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id WHERE ur.user_id = u.id AND r.name = ?)`

// filters are the conditions on a users row called u that stand beside every order.
func filters(c *conditions, q account.Query) {
	if q.UsernameKey != "" {
		c.add(`u.username_key = ?`, q.UsernameKey)
	}
	if q.EmailKey != "" {
		c.add(`u.email_key = ?`, q.EmailKey)
	}
	if q.Verified != nil {
		c.add(`u.email_verified = ?`, *q.Verified)
	}
	switch {
	case q.Active == nil:
	case *q.Active:
		c.add(active("?"), seconds(q.Now))
	default: // in the words of the index of those who are not
		c.add(`NOT u.active AND (u.disabled_until IS NULL OR u.disabled_until > ?)`, seconds(q.Now))
	}
}

// ListUsers implements account.Store.
func (s *Store) ListUsers(ctx context.Context, q account.Query) ([]account.User, []string, error) {
	if q.Prefix != "" {
		return s.searchUsers(ctx, q)
	}
	sql, args := pageQuery(q)
	users, err := all(ctx, s.reader, scanUser, sql, args...)
	return users, nil, err
}

func (s *Store) searchUsers(ctx context.Context, q account.Query) ([]account.User, []string, error) {
	sql, args := searchQuery(q)
	found, err := all(ctx, s.reader, scanMatch, sql, args...)
	users, keys := make([]account.User, len(found)), make([]string, len(found))
	for i, m := range found {
		users[i], keys[i] = m.user, m.key
	}
	return users, keys, err
}

// match is a user with the key that a prefix matched.
type match struct {
	user account.User
	key  string
}

func scanMatch(r row) (m match, err error) {
	if m.user, err = scanUser(head{r}); err == nil {
		err = tail{r}.Scan(&m.key)
	}
	return m, err
}

// pageQuery is one range of one index. Of those who have a role it is the role's, unless a name or an
// address says already who it is. CROSS tells SQLite to begin there.
func pageQuery(q account.Query) (string, []any) {
	var c conditions
	filters(&c, q)
	from, place := `users u`, `u.created_at, u.id`
	switch {
	case q.Role == "":
	case q.UsernameKey != "" || q.EmailKey != "":
		c.add(hasRole, q.Role)
	default:
		from, place = `users_to_roles ur CROSS JOIN users u ON u.id = ur.user_id`, `ur.user_created_at, ur.user_id`
		c.add(`ur.role_id = (SELECT id FROM roles WHERE name = ?)`, q.Role)
	}
	c.add(`(`+place+`) > (?, ?)`, seconds(q.After.CreatedAt), q.After.ID)
	sql := `SELECT ` + userColumns + ` FROM ` + from + ` ` + c.where() + ` ORDER BY ` + place + ` LIMIT ` + c.arg(max(q.Limit, 0))
	return sql, c.args
}

// searchQuery merges a range of the usernames with one of the addresses. An address beyond the last
// name of a full page is not on that page: without this bound, the search would go through the
// addresses of all users whose names match. SQLite takes one bound of each side from an index: the
// nearer one must stand first.
func searchQuery(q account.Query) (string, []any) {
	var c conditions
	filters(&c, q)
	if q.Role != "" {
		c.add(hasRole, q.Role)
	}
	from, limit := c.arg(q.Prefix), c.arg(max(q.Limit, 0))
	start := c.arg(max(q.Prefix, q.After.Key))
	after := `(` + c.arg(q.After.Key) + `, ` + c.arg(q.After.ID) + `)`
	within := func(key string) string { return key + ` >= ` + from }
	bound := `TRUE`
	if text := account.PrefixEnd(q.Prefix); text != "" {
		end := c.arg(text)
		within = func(key string) string { return key + ` >= ` + from + ` AND ` + key + ` < ` + end }
		bound = `u.email_key <> ` + end + ` AND u.email_key <= COALESCE((SELECT max(key) FROM byname HAVING count(*) = ` + limit + `), ` + end + `)`
	}
	branch := func(key, condition string) string {
		return `SELECT u.id, ` + key + ` AS key FROM users u ` +
			c.and(key+` >= `+start+` AND (`+key+`, u.id) > `+after+` AND `+condition).where() + ` ORDER BY ` + key + ` LIMIT ` + limit
	}
	sql := `WITH byname AS MATERIALIZED (` + branch(`u.username_key`, within(`u.username_key`)) + `),
		bymail AS MATERIALIZED (` + branch(`u.email_key`, bound+` AND NOT (`+within(`u.username_key`)+`)`) + `),
		page AS MATERIALIZED (SELECT * FROM byname UNION ALL SELECT * FROM bymail ORDER BY key, id LIMIT ` + limit + `)
		SELECT ` + userColumns + `, page.key FROM page CROSS JOIN users u ON u.id = page.id ORDER BY page.key, page.id`
	return sql, c.args
}
