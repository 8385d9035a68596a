package storetest

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

func testUsers(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip":              userRoundTrip,
		"missing":                 userMissing,
		"impossible texts":        userImpossible,
		"taken":                   userTaken,
		"odd texts":               userTexts,
		"time zones":              userTimeZones,
		"fifty at once":           userFifty,
		"readers beside a writer": userReaders,
		"pages":                   userPages,
		"pages at the edge":       userPageEdges,
		"password hash":           userPasswordHash,
		"password hash, raced":    userPasswordHashRaced,
	})
}

func userRoundTrip(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	requireFilled(t, u)
	mustCreate(t, w, nil) // another, so that a look-up that ignores its key is noticed

	for name, find := range map[string]func() (account.User, error){
		"by id":       func() (account.User, error) { return w.UserByID(t.Context(), u.ID) },
		"by username": func() (account.User, error) { return w.UserByUsername(t.Context(), u.UsernameKey) },
		"by e-mail":   func() (account.User, error) { return w.UserByEmail(t.Context(), u.EmailKey) },
	} {
		got, err := find()
		require.NoError(t, err, name)
		require.Equal(t, u, got, name)
	}

	off := mustCreate(t, w, func(u *account.User) { u.EmailVerified, u.Active = false, false })
	got, err := w.UserByID(t.Context(), off.ID)
	require.NoError(t, err)
	require.Equal(t, off, got)
}

func userMissing(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	for _, id := range notIDs(u.ID) { // only the form in which ids are given out is an id
		_, err := w.UserByID(t.Context(), id)
		require.ErrorIs(t, err, account.ErrNotFound, id)
		require.ErrorIs(t, w.ReplacePasswordHash(t.Context(), id, u.PasswordHash, "new"), account.ErrNotFound, id)
		require.ErrorIs(t, w.GrantRole(t.Context(), id, account.RoleAdmin, noon, none), account.ErrNotFound, id)
		require.ErrorIs(t, w.RevokeRole(t.Context(), id, account.RoleUser, noon, none), account.ErrNotFound, id)
		require.ErrorIs(t, setPassword(t.Context(), w, id, "new", "", noon), account.ErrNotFound, id)
		require.ErrorIs(t, setActive(t.Context(), w, id, false, noon), account.ErrNotFound, id)
		require.ErrorIs(t, setActive(t.Context(), w, id, true, noon), account.ErrNotFound, id)
		require.ErrorIs(t, w.DeleteUser(t.Context(), id, noon, none), account.ErrNotFound, id)
	}
	_, err := w.UserByUsername(t.Context(), u.Username) // as given, not its key
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = w.UserByEmail(t.Context(), u.Email)
	require.ErrorIs(t, err, account.ErrNotFound)

	got, err := w.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u, got)
}

func userImpossible(t *testing.T, w World) {
	for _, text := range []string{"\x00", "a\x00b", "\xff", "a\xc3"} {
		_, err := w.UserByUsername(t.Context(), text)
		require.ErrorIs(t, err, account.ErrNotFound, "%q", text)
		_, err = w.UserByEmail(t.Context(), text)
		require.ErrorIs(t, err, account.ErrNotFound, "%q", text)
		_, err = w.ClientByID(t.Context(), text)
		require.ErrorIs(t, err, account.ErrNotFound, "%q", text)
	}
}

func userTaken(t *testing.T, w World) {
	first := mustCreate(t, w, nil)
	other := mustCreate(t, w, nil)
	for name, test := range map[string]struct {
		edit func(*account.User)
		want error
	}{
		"username": {func(u *account.User) { u.UsernameKey = first.UsernameKey }, account.ErrUsernameTaken},
		"e-mail":   {func(u *account.User) { u.EmailKey = first.EmailKey }, account.ErrEmailTaken},
		"both":     {func(u *account.User) { u.UsernameKey, u.EmailKey = first.UsernameKey, first.EmailKey }, account.ErrUsernameTaken},
		"both, of two users": {
			func(u *account.User) { u.UsernameKey, u.EmailKey = first.UsernameKey, other.EmailKey }, account.ErrUsernameTaken,
		},
		"unknown role": {func(u *account.User) { u.Roles = []string{account.RoleUser, "ROLE_NONE"} }, account.ErrUnknownRole},
	} {
		u := NewUser()
		test.edit(&u)
		require.ErrorIs(t, w.CreateUser(t.Context(), u, none), test.want, name)
		_, err := w.UserByID(t.Context(), u.ID)
		require.ErrorIs(t, err, account.ErrNotFound, name)
	}
	same := NewUser()
	same.Username, same.Email = first.Username, first.Email // what was given may be equal: only keys count
	require.NoError(t, w.CreateUser(t.Context(), same, none))
}

func userTexts(t *testing.T, w World) {
	for name, text := range map[string]string{
		"empty":             "",
		"composed":          "Zo\u00eb",
		"decomposed":        "Zoe\u0308", // another text: normal forms are the domain's matter
		"beyond the BMP":    "🗝️ 𝒜",
		"right to left":     "אבג",
		"quotes":            `'";--\`,
		"long":              strings.Repeat("ä", 2000),
		"case":              "ZOË",
		"white space":       " \t\n",
		"like a JSON array": `["a"]`,
	} {
		u := mustCreate(t, w, func(u *account.User) {
			u.Username, u.UsernameKey, u.Name, u.Picture, u.PasswordHash = text, text, text, text, text
			u.Email, u.EmailKey = text, text
			u.Roles, u.Scopes = []string{}, []string{}
		})
		got, err := w.UserByUsername(t.Context(), text)
		require.NoError(t, err, name)
		require.Equal(t, u, got, name)
	}
}

func userTimeZones(t *testing.T, w World) {
	u := mustCreate(t, w, func(u *account.User) {
		u.CreatedAt = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 5*3600+1800))
		u.UpdatedAt = noon.In(time.FixedZone("west", -8*3600))
	})
	got, err := w.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, noon, got.CreatedAt) // equal to the second, and in UTC
	require.Equal(t, noon, got.UpdatedAt)
}

func userFifty(t *testing.T, w World) {
	name := NewUser()
	var won atomic.Int64
	for _, err := range inParallel(50, func(int) error {
		u := NewUser()
		u.UsernameKey = name.UsernameKey
		return w.CreateUser(t.Context(), u, none)
	}) {
		if err == nil {
			won.Add(1)
			continue
		}
		require.ErrorIs(t, err, account.ErrUsernameTaken)
	}
	require.EqualValues(t, 1, won.Load())
}

func userReaders(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	errs := inParallel(8, func(i int) error {
		var err error
		for range 25 {
			if i < 2 {
				err = errors.Join(err, w.CreateUser(t.Context(), NewUser(), none))
				continue
			}
			_, e := w.UserByID(t.Context(), u.ID)
			err = errors.Join(err, e)
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
}

func userPages(t *testing.T, w World) {
	want := map[string]bool{}
	for i := range 7 { // several share a second
		u := mustCreate(t, w, func(u *account.User) { u.CreatedAt = noon.Add(time.Duration(i/3) * time.Second) })
		want[u.ID] = true
	}
	var after account.Position
	var pages []int
	for {
		page, err := listUsers(t.Context(), w, after, 3)
		require.NoError(t, err)
		pages = append(pages, len(page))
		if len(page) == 0 {
			break
		}
		for _, u := range page {
			require.True(t, want[u.ID], "twice or unknown")
			delete(want, u.ID)
			next := account.Position{CreatedAt: u.CreatedAt, ID: u.ID}
			require.True(t, next.CreatedAt.After(after.CreatedAt) || next.CreatedAt.Equal(after.CreatedAt) && next.ID > after.ID)
			after = next
		}
	}
	require.Empty(t, want)
	require.Equal(t, []int{3, 3, 1, 0}, pages)
}

func userPageEdges(t *testing.T, w World) {
	page, err := listUsers(t.Context(), w, account.Position{}, 10)
	require.NoError(t, err)
	require.Empty(t, page)
	u := mustCreate(t, w, nil)
	page, err = listUsers(t.Context(), w, account.Position{}, 10)
	require.NoError(t, err)
	require.Equal(t, []account.User{u}, page) // a list gives whole users
	for _, limit := range []int{0, -1} {
		page, err = listUsers(t.Context(), w, account.Position{}, limit)
		require.NoError(t, err)
		require.Empty(t, page)
	}
}

func userPasswordHash(t *testing.T, w World) {
	u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
	require.ErrorIs(t, w.ReplacePasswordHash(t.Context(), u.ID, "stale", "new"), account.ErrNotFound)
	got, err := w.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u, got)

	require.NoError(t, w.ReplacePasswordHash(t.Context(), u.ID, u.PasswordHash, "new"))
	u.PasswordHash = "new"
	for _, want := range []account.User{u, other} { // nothing else has changed
		got, err = w.UserByID(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func userPasswordHashRaced(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	won := 0
	for _, err := range inParallel(20, func(int) error {
		return w.ReplacePasswordHash(t.Context(), u.ID, u.PasswordHash, newUUID())
	}) {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, account.ErrNotFound)
	}
	require.Equal(t, 1, won)
}
