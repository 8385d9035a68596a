package sqlite

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// ListUsers implements account.UserStore.
func (s *Store) ListUsers(ctx context.Context, q account.Query) ([]account.User, []string, error) {
	if q.Prefix != "" {
		return s.searchUsers(ctx, q)
	}
	query, args := listQuery(q)
	users, err := queryAll(ctx, s.reads, scanUser, query, args...)
	return users, nil, err
}

func (s *Store) searchUsers(ctx context.Context, q account.Query) ([]account.User, []string, error) {
	query, args := searchQuery(q)
	matches, err := queryAll(ctx, s.reads, scanMatch, query, args...)
	users, keys := store.SplitMatches(matches)
	return users, keys, err
}

func scanMatch(r row) (m store.Match, err error) {
	if m.User, err = scanUser(leadingColumns{r}); err == nil {
		err = trailingColumns{r}.Scan(&m.Key)
	}
	return m, err
}

// listQuery reads one range of one index. For a role this is the index of users_to_roles, unless the
// username or the email selects the user anyway. CROSS JOIN makes SQLite read that table first.
func listQuery(q account.Query) (string, []any) {
	c := store.NewConditions("?")
	store.FilterUsers(c, q, storedTime(q.Now))
	from, order := `users u`, `u.created_at, u.id`
	if q.UsernameKey != "" || q.EmailKey != "" {
		store.FilterRole(c, q.Role)
	} else if q.Role != "" {
		from, order = `users_to_roles ur CROSS JOIN users u ON u.id = ur.user_id`, `ur.user_created_at, ur.user_id`
		c.Add(`ur.role_id = (SELECT id FROM roles WHERE name = ?)`, q.Role)
	}
	c.Add(`(`+order+`) > (?, ?)`, storedTime(q.After.CreatedAt), q.After.ID)
	limit := c.Arg(max(q.Limit, 0))
	return `SELECT ` + userColumns + ` FROM ` + from + ` ` + c.Where() + ` ORDER BY ` + order + ` LIMIT ` + limit, c.Args()
}

// searchQuery merges a range of the usernames with a range of the emails.
func searchQuery(q account.Query) (string, []any) {
	c := store.NewConditions("?")
	store.FilterUsers(c, q, storedTime(q.Now))
	search := store.SearchUsers(c, q, c.Arg(q.After.ID))
	return `WITH by_username AS MATERIALIZED (` + search.ByUsername + `),
		by_email AS MATERIALIZED (` + search.ByEmail + `),
		page AS MATERIALIZED (SELECT * FROM by_username UNION ALL SELECT * FROM by_email ORDER BY key, id LIMIT ` + search.Limit + `)
		SELECT ` + userColumns + `, page.key FROM page CROSS JOIN users u ON u.id = page.id ORDER BY page.key, page.id`, c.Args()
}
