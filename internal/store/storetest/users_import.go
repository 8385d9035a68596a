package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

var userImportTests = tests[Accounts]{
	"stored fields":          importStoredFields,
	"conflicts":              importConflicts,
	"duplicates":             importDuplicates,
	"duplicate of a failure": importDuplicateOfFailure,
	"repeated":               importRepeated,
	"same users at once":     importSameUsers,
	"five hundred users":     importFiveHundred,
}

func newUsers(n int) []account.User {
	users := make([]account.User, n)
	for i := range users {
		users[i] = NewUser()
	}
	return users
}

// mustImport imports users and returns their errors.
func mustImport(t *testing.T, db Accounts, users ...account.User) []error {
	t.Helper()
	results, err := db.ImportUsers(t.Context(), users, noRecord)
	require.NoError(t, err)
	require.Len(t, results, len(users))
	return results
}

func requireUserCount(t *testing.T, db Accounts, want int) {
	t.Helper()
	users, err := listUsers(t.Context(), db, account.Position{}, 1000)
	require.NoError(t, err)
	require.Len(t, users, want)
}

func importStoredFields(t *testing.T, db Accounts) {
	full, empty := NewUser(), NewUser()
	empty.Active, empty.EmailVerified, empty.DisabledUntil = false, false, time.Time{}
	empty.Name, empty.Picture, empty.PasswordHash, empty.Roles, empty.Scopes = "", "", "", []string{}, []string{}
	unusual := NewUser()
	unusual.Name, unusual.PasswordHash = `'";--\ 🗝️`+" \t\n", "{sha}"
	unusual.Roles = []string{account.RoleModerator, account.RoleUser, account.RoleUser}
	require.Equal(t, []error{nil, nil, nil}, mustImport(t, db, full, empty, unusual))
	unusual.Roles = unusual.Roles[:2]
	for _, u := range []account.User{full, empty, unusual} {
		requireUser(t, db, u)
	}
	requireUserCount(t, db, 3)
}

// edited returns a new user after edit.
func edited(edit func(*account.User)) account.User {
	u := NewUser()
	edit(&u)
	return u
}

type importTest struct {
	user account.User
	want error // nil if the user is created
}

// requireImport imports the users of the tests at once.
func requireImport(t *testing.T, db Accounts, tests []importTest) {
	t.Helper()
	var users []account.User
	for _, test := range tests {
		users = append(users, test.user)
	}
	for i, err := range mustImport(t, db, users...) {
		if tests[i].want != nil {
			require.ErrorIs(t, err, tests[i].want, i)
			continue
		}
		require.NoError(t, err, i)
		requireUser(t, db, users[i])
	}
}

// importConflicts checks that users who cannot be stored do not affect the others.
func importConflicts(t *testing.T, db Accounts) {
	existing := mustCreateUser(t, db, nil)
	unknownRole := []string{account.RoleUser, "ROLE_NONE"}
	requireImport(t, db, []importTest{
		{edited(func(u *account.User) { u.UsernameKey = existing.UsernameKey }), account.ErrUsernameTaken},
		{edited(func(u *account.User) { u.EmailKey = existing.EmailKey }), account.ErrEmailTaken},
		{edited(func(u *account.User) { u.UsernameKey, u.EmailKey = existing.UsernameKey, existing.EmailKey }), account.ErrUsernameTaken},
		{existing, account.ErrUsernameTaken},
		{edited(func(u *account.User) { u.Roles = unknownRole }), account.ErrUnknownRole},
		{edited(func(u *account.User) { u.UsernameKey, u.Roles = existing.UsernameKey, unknownRole }), account.ErrUsernameTaken},
		{edited(func(u *account.User) { u.ID = existing.ID }), fault.ErrAlreadyExists},
		{NewUser(), nil},
	})
	requireUser(t, db, existing)
	requireUserCount(t, db, 2)
}

// importDuplicates checks that the first of several equal users is created.
func importDuplicates(t *testing.T, db Accounts) {
	first := NewUser()
	requireImport(t, db, []importTest{
		{first, nil},
		{edited(func(u *account.User) { u.UsernameKey = first.UsernameKey }), account.ErrUsernameTaken},
		{edited(func(u *account.User) { u.EmailKey = first.EmailKey }), account.ErrEmailTaken},
		{first, account.ErrUsernameTaken},
		{NewUser(), nil},
	})
	requireUserCount(t, db, 2)
}

// importDuplicateOfFailure checks that the second of two equal users is created if the first cannot be.
func importDuplicateOfFailure(t *testing.T, db Accounts) {
	first := NewUser()
	second := first
	first.Roles = []string{account.RoleUser, "ROLE_NONE"}
	results := mustImport(t, db, first, second)
	require.Error(t, results[0])
	require.NoError(t, results[1])
	requireUser(t, db, second)
}

// importRepeated repeats an import that was interrupted.
func importRepeated(t *testing.T, db Accounts) {
	users := newUsers(30)
	mustImport(t, db, users[:17]...)
	for i, err := range mustImport(t, db, users...) {
		if i < 17 {
			require.ErrorIs(t, err, account.ErrUsernameTaken)
			continue
		}
		require.NoError(t, err)
	}
	requireUserCount(t, db, 30)
}

// importSameUsers imports the same users several times at once, each time in another order.
func importSameUsers(t *testing.T, db Accounts) {
	users := newUsers(40)
	created := make([]int, 6)
	errs := inParallel(len(created), func(i int) error {
		rotated := append(append([]account.User{}, users[i*5:]...), users[:i*5]...)
		for j := range rotated {
			rotated[j].ID = uuid.NewString()
		}
		results, err := db.ImportUsers(t.Context(), rotated, noRecord)
		for _, err := range results {
			if err == nil {
				created[i]++
			}
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
	total := 0
	for _, n := range created {
		total += n
	}
	require.Equal(t, len(users), total)
}

func importFiveHundred(t *testing.T, db Accounts) {
	users := newUsers(500)
	require.NoError(t, errors.Join(mustImport(t, db, users...)...))
	requireUser(t, db, users[499])
}
