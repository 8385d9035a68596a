package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// Users that mongoexport wrote sign in by email address, and a repeated import changes nothing.
func TestImportFromMongo(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		hash, err := bcrypt.GenerateFromPassword([]byte(validPassword), bcrypt.MinCost)
		require.NoError(t, err)
		document := func(id int, text string) string {
			return fmt.Sprintf(`{"_id":{"$oid":"%024x"},`+text+"}\n", id, hash)
		}
		exports := map[string]string{
			"codevoweb": document(1, `"name":"Ann","email":"ann@example.org","photo":"default.png","password":"%s","role":"admin","verified":true,"created_at":{"$date":"2022-07-18T19:11:09.123Z"}`) +
				document(2, `"name":"Bob","email":"Bob@example.org","password":"%s","role":"user","verified":false`),
			"fastapi-users": document(3, `"email":"cy@example.org","hashed_password":"%s","is_active":true,"is_superuser":true,"is_verified":true`) +
				document(4, `"email":"dan@example.org","hashed_password":"%s","is_active":false,"is_superuser":false,"is_verified":true`),
		}
		inst.mustRun(t, "migrate", "up")
		for format, text := range exports {
			dry := inst.runWithInput(t, text, "user", "import", "-", "--format", format, "--dry-run")
			require.Equal(t, result{stdout: "2 would be created, 0 skipped (already exist), 0 failed\n"}, dry)
			got := inst.runWithInput(t, text, "user", "import", "-", "--format", format)
			require.Equal(t, result{stdout: "2 created, 0 skipped (already exist), 0 failed\n"}, got)
		}
		before := inst.mustRun(t, "user", "export")
		require.Equal(t, 4, strings.Count(before, `"username":"user-`))
		for format, text := range exports {
			got := inst.runWithInput(t, text, "user", "import", "-", "--format", format)
			require.Equal(t, result{stdout: "0 created, 2 skipped (already exist), 0 failed\n"}, got)
		}
		require.Equal(t, before, inst.mustRun(t, "user", "export"))

		s := start(t, inst)
		for email, roles := range map[string][]any{
			"ann@example.org": {"ROLE_ADMIN"}, "bob@example.org": {"ROLE_USER"}, "cy@example.org": {"ROLE_ADMIN", "ROLE_USER"},
		} {
			own := s.get(t, "/api/auth/users/me", s.token(t, email, validPassword))
			require.Equal(t, roles, decode(t, own.body)["roles"], own.body)
		}
		require.Equal(t, 400, s.login(t, "dan@example.org", validPassword).status, "disabled")
	})
}
