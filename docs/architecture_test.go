package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The page about the architecture gives a reason for each direct dependency.
func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/architecture.md")
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(read(t, "go.mod"), -1)
	require.NotEmpty(t, direct)
	for _, module := range direct {
		require.Contains(t, page, "`"+strings.TrimPrefix(module[1], "github.com/")+"`")
	}
}

// The page about the architecture says what each package owns.
func TestPackagesAreExplained(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/architecture.md")
	entries, err := os.ReadDir(filepath.Join(root, "internal"))
	require.NoError(t, err)
	for _, entry := range entries {
		require.Contains(t, page, "`internal/"+entry.Name()+"`")
	}
}

// Each file of the table "Where to find things" contains what the table says.
func TestThingsAreWhereThePageSays(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/architecture.md")
	for file, text := range map[string]string{
		"internal/oauth/refresh_rotation.go":         `func judge(`,
		"internal/oauth/token.go":                    `func (s *Service) Token(`,
		"internal/httpapi/errors.go":                 `func status(`,
		"internal/httpapi/client_auth.go":            `Basic`,
		"internal/account/check_password.go":         `func (s *Service) checkPassword(`,
		"internal/account/names.go":                  `a username cannot contain @`,
		"internal/throttle/policies.go":              `login-user`,
		"internal/keyring/verify.go":                 `func (r *Ring) Verify(`,
		"internal/keyring/key_states.go":             `func (t timeline) published(`,
		"internal/oauth/introspection.go":            `func (s *Service) Introspect(`,
		"internal/password/argon2.go":                `func parseArgon2(`,
		"internal/store/postgres/sessions_rotate.go": `repeats = 0`,
		"internal/store/sqlite/users_list.go":        `SELECT`,
		"internal/httpapi/cors_and_origin.go":        `func (s *Server) checkOrigin(`,
		"internal/config/serve.go":                   `LATCHKEY_SESSION_IDLE`,
		"internal/mail/templates/reset-password.txt": `password`,
		"internal/hook/sign.go":                      `hmac`,
		"internal/userfile/keycloak.go":              `type keycloakUser`,
		"internal/web/static/api.js":                 `function refresh(`,
		"internal/web/policy.go":                     `default-src 'none'`,
		"cmd/latchkey/user_disable.go":               `type userDisable`,
		"internal/e2e/kill9_test.go":                 `Kill`,
		"internal/bench/targets.go":                  `flood-refresh`,
	} {
		require.Contains(t, page, "| `"+file+"` |")
		require.Contains(t, read(t, file), text, file)
	}
}
