package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// ListUsers implements account.UserStore.
func (s *Store) ListUsers(ctx context.Context, q account.Query) (users []account.User, keys []string, err error) {
	compare := func(a, b account.Position) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	}
	err = s.access(ctx, func() error {
		var positions []account.Position
		for _, u := range s.users {
			if p, matches := position(u, q); matches && passesFilters(u, q) && compare(p, q.After) > 0 {
				positions = append(positions, p)
			}
		}
		slices.SortFunc(positions, compare)
		for _, p := range firstOf(positions, q.Limit) {
			users = append(users, s.withScopes(s.users[p.ID]))
			if q.Prefix != "" {
				keys = append(keys, p.Key)
			}
		}
		return nil
	})
	return users, keys, err
}

// position returns the position of a user in the list of q, and whether the prefix matches.
func position(u account.User, q account.Query) (account.Position, bool) {
	switch {
	case q.Prefix == "":
		return account.Position{CreatedAt: u.CreatedAt, ID: u.ID}, true
	case strings.HasPrefix(u.UsernameKey, q.Prefix):
		return account.Position{Key: u.UsernameKey, ID: u.ID}, true
	default:
		return account.Position{Key: u.EmailKey, ID: u.ID}, strings.HasPrefix(u.EmailKey, q.Prefix)
	}
}

func passesFilters(u account.User, q account.Query) bool {
	return (q.UsernameKey == "" || u.UsernameKey == q.UsernameKey) && (q.EmailKey == "" || u.EmailKey == q.EmailKey) &&
		(q.Role == "" || slices.Contains(u.Roles, q.Role)) && (q.Verified == nil || u.EmailVerified == *q.Verified) &&
		(q.Active == nil || u.ActiveAt(seconds(q.Now)) == *q.Active)
}
