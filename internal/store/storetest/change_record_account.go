package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

func accountChangeRecordTests() tests[Accounts] {
	all := changeRecordTests(recordedUserMethods, recordedRoleMethods, recordedTokenMethods)
	all["empty record"] = emptyRecord
	return all
}

// emptyRecord checks that a change without an event and jobs stores neither.
func emptyRecord(t *testing.T, db Accounts) {
	watchSession(t, db, mustCreateUser(t, db, nil))
	events, err := db.Events(t.Context(), audit.Query{Limit: 9})
	require.NoError(t, err)
	require.Empty(t, events)
	require.Empty(t, allJobs(t, db))
}

var recordedUserMethods = map[string]recordedMethod[Accounts]{
	"CreateUser": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		existing := mustCreateUser(t, db, nil)
		create := func(edit func(*account.User)) func(audit.Change) error {
			u := edited(edit)
			return func(change audit.Change) error { return db.CreateUser(t.Context(), u, change) }
		}
		return create(func(*account.User) {}), []noChange{
			{"username taken", create(func(u *account.User) { u.UsernameKey = existing.UsernameKey }), account.ErrUsernameTaken},
			{"email taken", create(func(u *account.User) { u.EmailKey = existing.EmailKey }), account.ErrEmailTaken},
			{"unknown role", create(func(u *account.User) { u.Roles = []string{"ROLE_NONE"} }), account.ErrUnknownRole},
			{"id exists", create(func(u *account.User) { u.ID = existing.ID }), fault.ErrAlreadyExists},
		}
	},
	"UpdateUser": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		admin, other := mustCreateUser(t, db, asAdmin), mustCreateUser(t, db, nil)
		inactive, name := false, "new"
		update := func(id string, p account.UserPatch) func(audit.Change) error {
			return func(change audit.Change) error { return db.UpdateUser(t.Context(), id, p, noon, change) }
		}
		return update(admin.ID, account.UserPatch{Name: &name}), []noChange{
			{"missing user", update(uuid.NewString(), account.UserPatch{Name: &name}), fault.ErrNotFound},
			{"username taken", update(admin.ID, account.UserPatch{UsernameKey: &other.UsernameKey}), account.ErrUsernameTaken},
			{"email taken", update(admin.ID, account.UserPatch{EmailKey: &other.EmailKey}), account.ErrEmailTaken},
			{"last administrator", update(admin.ID, account.UserPatch{Active: &inactive, EndSessions: true}), account.ErrLastAdmin},
		}
	},
	"DeleteUser": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		admin, u := mustCreateUser(t, db, asAdmin), mustCreateUser(t, db, nil)
		del := func(id string) func(audit.Change) error {
			return func(change audit.Change) error { return db.DeleteUser(t.Context(), id, noon, change) }
		}
		return del(u.ID), []noChange{
			{"missing user", del(uuid.NewString()), fault.ErrNotFound},
			{"last administrator", del(admin.ID), account.ErrLastAdmin},
		}
	},
	"ImportUsers": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		existing := mustCreateUser(t, db, nil)
		importUsers := func(users ...account.User) func(audit.Change) error {
			return func(change audit.Change) error { _, err := db.ImportUsers(t.Context(), users, change); return err }
		}
		return importUsers(existing, NewUser(), NewUser()), []noChange{
			{"all exist", importUsers(existing), nil}, {"no users", importUsers(), nil},
		}
	},
}

var recordedRoleMethods = map[string]recordedMethod[Accounts]{
	"GrantRole": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		u := mustCreateUser(t, db, nil)
		grant := func(id, role string) func(audit.Change) error {
			return func(change audit.Change) error { return db.GrantRole(t.Context(), id, role, noon, change) }
		}
		return grant(u.ID, account.RoleAdmin), []noChange{
			{"missing user", grant(uuid.NewString(), account.RoleAdmin), fault.ErrNotFound},
			{"unknown role", grant(u.ID, "ROLE_NONE"), account.ErrUnknownRole},
			{"has the role", grant(u.ID, account.RoleUser), nil},
		}
	},
	"RevokeRole": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		admin, u := mustCreateUser(t, db, asAdmin), mustCreateUser(t, db, nil)
		revoke := func(id, role string) func(audit.Change) error {
			return func(change audit.Change) error { return db.RevokeRole(t.Context(), id, role, noon, change) }
		}
		return revoke(u.ID, account.RoleUser), []noChange{
			{"missing user", revoke(uuid.NewString(), account.RoleUser), fault.ErrNotFound},
			{"unknown role", revoke(u.ID, "ROLE_NONE"), account.ErrUnknownRole},
			{"does not have the role", revoke(u.ID, account.RoleAdmin), nil},
			{"last administrator", revoke(admin.ID, account.RoleAdmin), account.ErrLastAdmin},
		}
	},
	"PutRole": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		return func(change audit.Change) error {
			return db.PutRole(t.Context(), account.Role{Name: "ROLE_NEW"}, change)
		}, nil
	},
	"DeleteRole": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		require.NoError(t, db.PutRole(t.Context(), account.Role{Name: "ROLE_NEW"}, noRecord))
		del := func(name string) func(audit.Change) error {
			return func(change audit.Change) error { return db.DeleteRole(t.Context(), name, change) }
		}
		return del("ROLE_NEW"), []noChange{
			{"unknown role", del("ROLE_NONE"), account.ErrUnknownRole}, {"built-in role", del(account.RoleUser), account.ErrBuiltinRole},
		}
	},
}

var recordedTokenMethods = map[string]recordedMethod[Accounts]{
	"UseVerifyToken": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
		verify := mustPutToken(t, db, u, account.PurposeVerify, nil)
		reset := mustPutToken(t, db, other, account.PurposeReset, nil)
		taken := mustPutToken(t, db, other, account.PurposeVerify, func(token *account.OneTimeToken) { token.EmailKey = u.EmailKey })
		use := func(hash []byte, at time.Time) func(audit.Change) error {
			return func(change audit.Change) error { return db.UseVerifyToken(t.Context(), hash, at, change) }
		}
		return use(verify.Hash, noon), []noChange{
			{"missing token", use(randomBytes(32), noon), fault.ErrNotFound},
			{"expired", use(verify.Hash, verify.ExpiresAt), fault.ErrNotFound},
			{"wrong purpose", use(reset.Hash, noon), fault.ErrNotFound},
			{"email taken", use(taken.Hash, noon), account.ErrEmailTaken},
		}
	},
	"UseResetToken": func(t *testing.T, db Accounts) (func(audit.Change) error, []noChange) {
		u := mustCreateUser(t, db, nil)
		reset, verify := mustPutToken(t, db, u, account.PurposeReset, nil), mustPutToken(t, db, u, account.PurposeVerify, nil)
		use := func(hash []byte, at time.Time) func(audit.Change) error {
			return func(change audit.Change) error { return db.UseResetToken(t.Context(), hash, "new", at, change) }
		}
		return use(reset.Hash, noon), []noChange{
			{"missing token", use(randomBytes(32), noon), fault.ErrNotFound},
			{"expired", use(reset.Hash, reset.ExpiresAt), fault.ErrNotFound},
			{"wrong purpose", use(verify.Hash, noon), fault.ErrNotFound},
		}
	},
}
