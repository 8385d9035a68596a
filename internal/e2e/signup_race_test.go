package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Two simultaneous sign-ups with usernames that differ in case create one user.
func TestSignUpRace(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		for round := range 10 {
			name := fmt.Sprint("racer", round)
			names := []string{name, strings.ToUpper(name)}
			statuses := countStatuses(concurrently(2, func(i int) response {
				return s.from(fmt.Sprint("203.0.113.", round)).call(t, "", "POST /api/auth/signup", object{
					"username": names[i], "email": fmt.Sprintf("racer-%d-%d@example.com", round, i), "password": validPassword})
			}))
			require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusConflict: 1}, statuses)
			require.Len(t, lines(inst.mustRun(t, "user", "list", name, "--json")), 1)
		}
	})
}
