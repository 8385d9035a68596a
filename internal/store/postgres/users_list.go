package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// ListUsers implements account.UserStore.
func (s *Store) ListUsers(ctx context.Context, q account.Query) ([]account.User, []string, error) {
	if q.Prefix != "" {
		return s.searchUsers(ctx, q)
	}
	sql, args := listQuery(q)
	users, err := queryAll(ctx, s, scanUser, sql, args...)
	return users, nil, emptyIfNotFound(err)
}

func (s *Store) searchUsers(ctx context.Context, q account.Query) ([]account.User, []string, error) {
	sql, args := searchQuery(q)
	matches, err := queryAll(ctx, s, scanMatch, sql, args...)
	users, keys := store.SplitMatches(matches)
	return users, keys, emptyIfNotFound(err)
}

func scanMatch(row pgx.CollectableRow) (m store.Match, err error) {
	if m.User, err = scanUser(leadingColumns{row}); err == nil {
		err = trailingColumns{row}.Scan(&m.Key)
	}
	return m, err
}

// listQuery reads one range of one index. For a role this is the index of users_to_roles, unless the
// username or the email selects the user anyway.
func listQuery(q account.Query) (string, []any) {
	c := store.NewConditions("$")
	store.FilterUsers(c, q, storedTime(q.Now))
	from, order := `users u`, `u.created_at, u.id`
	if q.UsernameKey != "" || q.EmailKey != "" {
		store.FilterRole(c, q.Role)
	} else if q.Role != "" {
		from, order = `users_to_roles ur JOIN users u ON u.id = ur.user_id`, `ur.user_created_at, ur.user_id`
		c.Add(`ur.role_id = (SELECT id FROM roles WHERE name = ?)`, q.Role)
	}
	c.Add(`(`+order+`) > (?, ?::uuid)`, storedTime(q.After.CreatedAt), uuidOrLowest(q.After.ID))
	limit := c.Arg(max(q.Limit, 0))
	return `SELECT ` + userColumns + ` FROM ` + from + ` ` + c.Where() + ` ORDER BY ` + order + ` LIMIT ` + limit, c.Args()
}

// searchQuery merges a range of the usernames with a range of the emails.
func searchQuery(q account.Query) (string, []any) {
	c := store.NewConditions("$")
	store.FilterUsers(c, q, storedTime(q.Now))
	search := store.SearchUsers(c, q, c.Arg(uuidOrLowest(q.After.ID))+`::uuid`)
	return `WITH by_username AS (` + search.ByUsername + `),
		by_email AS (` + search.ByEmail + `)
		SELECT ` + userColumns + `, m.key
		FROM (TABLE by_username UNION ALL TABLE by_email ORDER BY key, id LIMIT ` + search.Limit + `) AS m JOIN users u ON u.id = m.id
		ORDER BY m.key, m.id`, c.Args()
}
