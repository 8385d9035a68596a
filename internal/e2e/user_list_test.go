package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The pages of each list have every user exactly once.
func TestUserListPages(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		var file strings.Builder
		for i := range 45 {
			_, _ = fmt.Fprintf(&file, `{"username": "page%02d", "email": "Page%02d@example.org"}`+"\n", i, i)
		}
		require.Zero(t, inst.runWithInput(t, file.String(), "user", "import", "-").code)
		s := start(t, inst)
		admin := s.devToken(t, "admin")
		for query, want := range map[string]int{"": 48, "&q=page": 45, "&role=ROLE_USER": 46, "&role=ROLE_USER&verified=false": 45, "&q=page1": 10, "&active=false": 0} {
			seen, cursor := map[string]bool{}, ""
			for {
				page := decode(t, s.get(t, "/api/users?limit=7"+query+cursor, admin).body)
				for _, u := range page["items"].([]any) {
					name := u.(object)["username"].(string)
					require.False(t, seen[name], "%s is listed twice", name)
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
