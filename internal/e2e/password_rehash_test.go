package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// importedHash is a password hash of another system, with its password.
type importedHash struct{ kind, hash, password string }

func importedHashes(t *testing.T) []importedHash {
	t.Helper()
	text, err := os.ReadFile("../password/testdata/foreign.tsv")
	require.NoError(t, err)
	var all []importedHash
	for _, line := range lines(string(text)) {
		if columns := strings.Split(line, "\t"); len(columns) == 3 {
			all = append(all, importedHash{columns[0], columns[1], columns[2]})
		}
	}
	require.GreaterOrEqual(t, len(all), 200)
	return all
}

// ourHash is the SQL condition for a hash with our own parameters.
const ourHash = `password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'`

// Two hundred users with hashes of other systems sign in after an import, and have argon2id afterwards.
func TestImportedHashesSignIn(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		all := importedHashes(t)
		var file strings.Builder
		for i, f := range all {
			line, err := json.Marshal(object{"username": fmt.Sprint("foreign", i), "email": fmt.Sprintf("foreign%d@example.org", i), "password_hash": f.hash})
			require.NoError(t, err)
			_, _ = file.Write(append(line, '\n'))
		}
		inst.mustRun(t, "migrate", "up")
		got := inst.runWithInput(t, file.String(), "user", "import", "-")
		require.Equal(t, result{stdout: fmt.Sprintf("%d created, 0 skipped (already exist), 0 failed\n", len(all))}, got)
		s := start(t, inst)
		slots := make(chan struct{}, 4) // as many sign-ins at once
		var done sync.WaitGroup
		for i, f := range all {
			done.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				caller := s.from(fmt.Sprintf("203.0.113.%d", i))
				got := caller.loginWhenFree(t, fmt.Sprint("foreign", i), f.password)
				if got.status != http.StatusOK {
					t.Errorf("%s: %s", f.kind, got.body)
				}
			})
		}
		done.Wait()
		foreign := func() int {
			return inst.queryInt(t, `SELECT count(*) FROM users WHERE username_key LIKE 'foreign%' AND NOT `+ourHash)
		}
		for i := 0; foreign() > 0 && i < len(all); i++ { // on a busy machine a hash is replaced at a later sign-in
			s.loginWhenFree(t, fmt.Sprint("foreign", i), all[i].password)
		}
		require.Zero(t, foreign())
		require.Equal(t, len(all), inst.queryInt(t, `SELECT count(*) FROM users WHERE username_key LIKE 'foreign%'`))
		s.token(t, "foreign0", all[0].password)
		s.requireLoginFails(t, "foreign0", all[0].password+"x")
	})
}

// A hash of another system is verified, and replaced at sign-in.
func TestRehashAtSignIn(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		const password = "from another system"
		hash, err := bcrypt.GenerateFromPassword([]byte(password), 10)
		require.NoError(t, err)
		inst.withStore(t, func(ctx context.Context, s store) {
			require.NoError(t, s.CreateUser(ctx, newUser("legacy", string(hash), "ROLE_USER"), audit.Change{}))
		})
		s := start(t, inst)
		s.requireLoginFails(t, "legacy", "wrong")
		s.token(t, "legacy", password)
		require.Equal(t, 1, inst.queryInt(t, `SELECT count(*) FROM users WHERE username_key = 'legacy' AND `+ourHash))
		s.token(t, "legacy", password)
	})
}
