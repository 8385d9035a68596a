package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

var userTests = tests[Accounts]{
	"stored fields":               userStoredFields,
	"missing user":                userMissing,
	"missing user, all methods":   userMissingMethods,
	"invalid text":                userInvalidText,
	"taken":                       userTaken,
	"unusual text":                userUnusualText,
	"time zones":                  userTimeZones,
	"same username at once":       userSameUsername,
	"sign-ups of one name":        userSignUpRace,
	"readers and writers at once": userReadersAndWriters,
	"password hash":               userPasswordHash,
	"password hash at once":       userPasswordHashRace,
}

func userStoredFields(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	requireNoZeroFields(t, u)
	mustCreateUser(t, db, nil) // a query that ignores its key might return this one

	for name, find := range map[string]func() (account.User, error){
		"by id":       func() (account.User, error) { return db.UserByID(t.Context(), u.ID) },
		"by username": func() (account.User, error) { return db.UserByUsername(t.Context(), u.UsernameKey) },
		"by email":    func() (account.User, error) { return db.UserByEmail(t.Context(), u.EmailKey) },
	} {
		got, err := find()
		require.NoError(t, err, name)
		require.Equal(t, u, got, name)
	}
	requireUser(t, db, mustCreateUser(t, db, func(u *account.User) { u.EmailVerified, u.Active = false, false }))
}

func userMissing(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	for _, id := range otherIDs(u.ID) {
		_, err := db.UserByID(t.Context(), id)
		require.ErrorIs(t, err, fault.ErrNotFound, id)
	}
	_, err := db.UserByUsername(t.Context(), u.Username) // not the canonical form
	require.ErrorIs(t, err, fault.ErrNotFound)
	_, err = db.UserByEmail(t.Context(), u.Email)
	require.ErrorIs(t, err, fault.ErrNotFound)
}

func userMissingMethods(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	for _, id := range otherIDs(u.ID) {
		require.ErrorIs(t, db.ReplacePasswordHash(t.Context(), id, u.PasswordHash, "new"), fault.ErrNotFound, id)
		require.ErrorIs(t, db.GrantRole(t.Context(), id, account.RoleAdmin, noon, noRecord), fault.ErrNotFound, id)
		require.ErrorIs(t, db.RevokeRole(t.Context(), id, account.RoleUser, noon, noRecord), fault.ErrNotFound, id)
		require.ErrorIs(t, setPassword(t.Context(), db, id, "new", "", noon), fault.ErrNotFound, id)
		require.ErrorIs(t, setActive(t.Context(), db, id, false, noon), fault.ErrNotFound, id)
		require.ErrorIs(t, setActive(t.Context(), db, id, true, noon), fault.ErrNotFound, id)
		require.ErrorIs(t, db.DeleteUser(t.Context(), id, noon, noRecord), fault.ErrNotFound, id)
	}
	requireUser(t, db, u)
}

// invalidTexts are texts that PostgreSQL cannot hold.
var invalidTexts = []string{"\x00", "a\x00b", "\xff", "a\xc3"}

func userInvalidText(t *testing.T, db Accounts) {
	for _, text := range invalidTexts {
		_, err := db.UserByUsername(t.Context(), text)
		require.ErrorIs(t, err, fault.ErrNotFound, "%q", text)
		_, err = db.UserByEmail(t.Context(), text)
		require.ErrorIs(t, err, fault.ErrNotFound, "%q", text)
	}
}

func userTaken(t *testing.T, db Accounts) {
	first, second := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	for name, test := range map[string]struct {
		edit func(*account.User)
		want error
	}{
		"username":     {func(u *account.User) { u.UsernameKey = first.UsernameKey }, account.ErrUsernameTaken},
		"email":        {func(u *account.User) { u.EmailKey = first.EmailKey }, account.ErrEmailTaken},
		"both":         {func(u *account.User) { u.UsernameKey, u.EmailKey = first.UsernameKey, first.EmailKey }, account.ErrUsernameTaken},
		"of two users": {func(u *account.User) { u.UsernameKey, u.EmailKey = first.UsernameKey, second.EmailKey }, account.ErrUsernameTaken},
		"unknown role": {func(u *account.User) { u.Roles = []string{account.RoleUser, "ROLE_NONE"} }, account.ErrUnknownRole},
	} {
		u := NewUser()
		test.edit(&u)
		require.ErrorIs(t, db.CreateUser(t.Context(), u, noRecord), test.want, name)
		_, err := db.UserByID(t.Context(), u.ID)
		require.ErrorIs(t, err, fault.ErrNotFound, name)
	}
	same := NewUser()
	same.Username, same.Email = first.Username, first.Email // only the keys are unique
	require.NoError(t, db.CreateUser(t.Context(), same, noRecord))
}

func userUnusualText(t *testing.T, db Accounts) {
	for name, text := range map[string]string{
		"empty":             "",
		"composed":          "Zo\u00eb",
		"decomposed":        "Zoe\u0308", // a different text: normal forms are up to account
		"beyond the BMP":    "🗝️ 𝒜",
		"right to left":     "אבג",
		"quotes":            `'";--\`,
		"long":              strings.Repeat("ä", 2000),
		"upper case":        "ZOË",
		"white space":       " \t\n",
		"like a JSON array": `["a"]`,
	} {
		u := mustCreateUser(t, db, func(u *account.User) {
			u.Username, u.UsernameKey, u.Name, u.Picture, u.PasswordHash = text, text, text, text, text
			u.Email, u.EmailKey = text, text
			u.Roles, u.Scopes = []string{}, []string{}
		})
		got, err := db.UserByUsername(t.Context(), text)
		require.NoError(t, err, name)
		require.Equal(t, u, got, name)
	}
}

func userTimeZones(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, func(u *account.User) {
		u.CreatedAt = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 5*3600+1800))
		u.UpdatedAt = noon.In(time.FixedZone("west", -8*3600))
	})
	u.CreatedAt, u.UpdatedAt = noon, noon // UTC in whole seconds
	requireUser(t, db, u)
}

func userSameUsername(t *testing.T, db Accounts) {
	name := NewUser()
	requireOneSucceeds(t, account.ErrUsernameTaken, inParallel(50, func(int) error {
		u := NewUser()
		u.UsernameKey = name.UsernameKey
		return db.CreateUser(t.Context(), u, noRecord)
	}))
}

// userSignUpRace signs up two users at once whose names differ only in case.
func userSignUpRace(t *testing.T, db Accounts) {
	for range rounds {
		users := [2]account.User{NewUser(), NewUser()}
		users[1].UsernameKey = users[0].UsernameKey // ANN and ann have the same key
		requireOneSucceeds(t, account.ErrUsernameTaken, inParallel(2, func(i int) error {
			return db.CreateUser(t.Context(), users[i], newChange())
		}))
	}
}

func userReadersAndWriters(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	errs := inParallel(8, func(i int) error {
		var err error
		for range 25 {
			if i < 2 {
				err = errors.Join(err, db.CreateUser(t.Context(), NewUser(), noRecord))
				continue
			}
			_, readErr := db.UserByID(t.Context(), u.ID)
			err = errors.Join(err, readErr)
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
}

func userPasswordHash(t *testing.T, db Accounts) {
	u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
	require.ErrorIs(t, db.ReplacePasswordHash(t.Context(), u.ID, "outdated", "new"), fault.ErrNotFound)
	requireUser(t, db, u)

	require.NoError(t, db.ReplacePasswordHash(t.Context(), u.ID, u.PasswordHash, "new"))
	u.PasswordHash = "new"
	requireUser(t, db, u)
	requireUser(t, db, other)
}

func userPasswordHashRace(t *testing.T, db Accounts) {
	u := mustCreateUser(t, db, nil)
	requireOneSucceeds(t, fault.ErrNotFound, inParallel(20, func(int) error {
		return db.ReplacePasswordHash(t.Context(), u.ID, u.PasswordHash, uuid.NewString())
	}))
}
