package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func testImport(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip":     importRoundTrip,
		"each by itself": importEach,
		"again":          importAgain,
		"at once":        importAtOnce,
		"five hundred":   importFiveHundred,
	})
}

func importRoundTrip(t *testing.T, w World) {
	full, bare := NewUser(), NewUser()
	bare.Active, bare.EmailVerified, bare.DisabledUntil = false, false, time.Time{}
	bare.Name, bare.Picture, bare.PasswordHash, bare.Roles, bare.Scopes = "", "", "", []string{}, []string{}
	odd := NewUser()
	odd.Name, odd.PasswordHash, odd.Roles = `'";--\ 🗝️`+" \t\n", "{sha}", []string{account.RoleModerator, account.RoleUser, account.RoleUser}
	results, err := w.ImportUsers(t.Context(), []account.User{full, bare, odd}, none)
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil, nil}, results)
	odd.Roles = odd.Roles[:2]
	for _, u := range []account.User{full, bare, odd} {
		requireUser(t, w, u)
	}
	list, err := listUsers(t.Context(), w, account.Position{}, 9)
	require.NoError(t, err)
	require.Len(t, list, 3)
}

// importEach: what is wrong with one is nothing to the others, and the first of two alike is made.
func importEach(t *testing.T, w World) {
	there := mustCreate(t, w, nil)
	edit := func(edit func(*account.User)) account.User {
		u := NewUser()
		edit(&u)
		return u
	}
	good := NewUser()
	unknown := edit(func(u *account.User) { u.Roles = []string{account.RoleUser, "ROLE_NONE"} })
	users := []account.User{
		edit(func(u *account.User) { u.UsernameKey = there.UsernameKey }),
		edit(func(u *account.User) { u.EmailKey = there.EmailKey }),
		edit(func(u *account.User) { u.UsernameKey, u.EmailKey = there.UsernameKey, there.EmailKey }),
		there,
		unknown,
		edit(func(u *account.User) { u.UsernameKey, u.Roles = there.UsernameKey, unknown.Roles }),
		good,
		edit(func(u *account.User) { u.UsernameKey = good.UsernameKey }),
		edit(func(u *account.User) { u.EmailKey = good.EmailKey }),
		good,
		edit(func(u *account.User) { u.ID = there.ID }),
		NewUser(),
	}
	want := []error{
		account.ErrUsernameTaken, account.ErrEmailTaken, account.ErrUsernameTaken, account.ErrUsernameTaken, account.ErrUnknownRole,
		account.ErrUsernameTaken, nil, account.ErrUsernameTaken, account.ErrEmailTaken, account.ErrUsernameTaken, oauth.ErrExists, nil,
	}
	results, err := w.ImportUsers(t.Context(), users, none)
	require.NoError(t, err)
	require.Len(t, results, len(want))
	for i := range want {
		if want[i] == nil {
			require.NoError(t, results[i], i)
			requireUser(t, w, users[i])
			continue
		}
		require.ErrorIs(t, results[i], want[i], i)
	}
	requireUser(t, w, there)
	list, err := listUsers(t.Context(), w, account.Position{}, 99)
	require.NoError(t, err)
	require.Len(t, list, 3)

	// The first one of two alike has a role that does not exist, so that it is the second that is made.
	second := unknown
	second.Roles = []string{account.RoleModerator, account.RoleUser}
	results, err = w.ImportUsers(t.Context(), []account.User{unknown, second}, none)
	require.NoError(t, err)
	require.Error(t, results[0])
	require.NoError(t, results[1])
	requireUser(t, w, second)
}

// importAgain: an import that was interrupted is run again as it is, and doubles nobody.
func importAgain(t *testing.T, w World) {
	users := make([]account.User, 30)
	for i := range users {
		users[i] = NewUser()
	}
	_, err := w.ImportUsers(t.Context(), users[:17], none)
	require.NoError(t, err)
	results, err := w.ImportUsers(t.Context(), users, none)
	require.NoError(t, err)
	for i, err := range results {
		if i < 17 {
			require.ErrorIs(t, err, account.ErrUsernameTaken)
			continue
		}
		require.NoError(t, err)
	}
	list, err := listUsers(t.Context(), w, account.Position{}, 99)
	require.NoError(t, err)
	require.Len(t, list, 30)
}

// importAtOnce: of many imports of the same people, each in an order of its own, all go through.
func importAtOnce(t *testing.T, w World) {
	users := make([]account.User, 40)
	for i := range users {
		users[i] = NewUser()
	}
	made := make([]int, 6)
	errs := inParallel(len(made), func(i int) error {
		some := append(append([]account.User{}, users[i*5:]...), users[:i*5]...)
		for j := range some {
			some[j].ID = newUUID()
		}
		results, err := w.ImportUsers(t.Context(), some, none)
		for _, err := range results {
			if err == nil {
				made[i]++
			}
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
	total := 0
	for _, n := range made {
		total += n
	}
	require.Equal(t, len(users), total)
}

func importFiveHundred(t *testing.T, w World) {
	users := make([]account.User, 500)
	for i := range users {
		users[i] = NewUser()
	}
	results, err := w.ImportUsers(t.Context(), users, none)
	require.NoError(t, err)
	require.NoError(t, errors.Join(results...))
	require.Len(t, results, 500)
	requireUser(t, w, users[499])
}
