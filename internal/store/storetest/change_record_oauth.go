package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

func oauthChangeRecordTests() tests[Database] {
	all := changeRecordTests(recordedSessionMethods, recordedClientMethods, recordedHookMethods)
	all["notices for hooks"] = noticesForHooks
	return all
}

var recordedSessionMethods = map[string]recordedMethod[Database]{
	"CreateSession": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		u := mustCreateUser(t, db, nil)
		existing, oldEpoch, sameID := mustCreateSession(t, db, u, nil), newSession(u), newSession(u)
		oldEpoch.UserEpoch--
		sameID.ID = existing.ID
		create := func(s oauth.Session) func(audit.Change) error {
			return func(change audit.Change) error { return db.CreateSession(t.Context(), s, change) }
		}
		return create(newSession(u)), []noChange{
			{"old epoch", create(oldEpoch), fault.ErrNotFound}, {"id exists", create(sameID), fault.ErrAlreadyExists},
		}
	},
	"RevokeSession": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		u := mustCreateUser(t, db, nil)
		live := mustCreateSession(t, db, u, nil)
		ended := mustCreateSession(t, db, u, func(s *oauth.Session) { *s = revoked(*s, noon, "test") })
		revoke := func(id, user string) func(audit.Change) error {
			return func(change audit.Change) error { return db.RevokeSession(t.Context(), id, user, "test", noon, change) }
		}
		return revoke(live.ID, ""), []noChange{
			{"missing session", revoke(uuid.NewString(), ""), fault.ErrNotFound},
			{"another user's", revoke(live.ID, uuid.NewString()), fault.ErrNotFound},
			{"already revoked", revoke(ended.ID, ""), nil},
		}
	},
	"RevokeSessions": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		u, other := mustCreateUser(t, db, nil), mustCreateUser(t, db, nil)
		live := mustCreateSession(t, db, u, nil)
		mustCreateSession(t, db, other, func(s *oauth.Session) { *s = revoked(*s, noon, "test") })
		revoke := func(user, except string) func(audit.Change) error {
			return func(change audit.Change) error {
				_, err := db.RevokeSessions(t.Context(), user, except, "test", noon, change)
				return err
			}
		}
		return revoke(u.ID, ""), []noChange{
			{"missing user", revoke(uuid.NewString(), ""), nil},
			{"except the only one", revoke(u.ID, live.ID), nil},
			{"no live session", revoke(other.ID, ""), nil},
		}
	},
}

var recordedClientMethods = map[string]recordedMethod[Database]{
	"CreateClient": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		create := func(c oauth.Client) func(audit.Change) error {
			return func(change audit.Change) error { return db.CreateClient(t.Context(), c, change) }
		}
		return create(newClient()), []noChange{{"id exists", create(mustCreateClient(t, db)), fault.ErrAlreadyExists}}
	},
	"UpdateClient": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		c, inactive := mustCreateClient(t, db), false
		update := func(id string) func(audit.Change) error {
			return func(change audit.Change) error {
				return db.UpdateClient(t.Context(), id, oauth.ClientPatch{Active: &inactive}, noon, change)
			}
		}
		return update(c.ID), []noChange{{"missing client", update("none"), fault.ErrNotFound}}
	},
	"DeleteClient": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		c := mustCreateClient(t, db)
		del := func(id string) func(audit.Change) error {
			return func(change audit.Change) error { return db.DeleteClient(t.Context(), id, noon, change) }
		}
		return del(c.ID), []noChange{{"missing client", del("none"), fault.ErrNotFound}}
	},
	"RotateClientSecret": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		c := mustCreateClient(t, db)
		rotate := func(id string, hash []byte) func(audit.Change) error {
			secret := oauth.ClientSecret{Hash: hash, CreatedAt: noon.Add(time.Hour)}
			return func(change audit.Change) error { return db.RotateClientSecret(t.Context(), id, secret, noon, change) }
		}
		return rotate(c.ID, randomBytes(32)), []noChange{
			{"missing client", rotate("none", randomBytes(32)), fault.ErrNotFound},
			{"secret exists", rotate(c.ID, c.Secrets[0].Hash), fault.ErrAlreadyExists},
		}
	},
	"SwapTokenKeys": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		c := mustCreateClient(t, db)
		swap := func(id string, from oauth.TokenKeys) func(audit.Change) error {
			to := oauth.TokenKeys{Current: randomBytes(64)}
			return func(change audit.Change) error { return db.SwapTokenKeys(t.Context(), id, from, to, change) }
		}
		return swap(c.ID, c.TokenKeys), []noChange{
			{"missing client", swap("none", c.TokenKeys), fault.ErrNotFound},
			{"other keys", swap(c.ID, oauth.TokenKeys{}), fault.ErrNotFound},
		}
	},
}

var recordedHookMethods = map[string]recordedMethod[Database]{
	"CreateHook": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		existing := newInactiveHook()
		require.NoError(t, db.CreateHook(t.Context(), existing, noRecord))
		create := func(h hook.Hook) func(audit.Change) error {
			return func(change audit.Change) error { return db.CreateHook(t.Context(), h, change) }
		}
		return create(newInactiveHook()), []noChange{{"id exists", create(existing), fault.ErrAlreadyExists}}
	},
	"DeleteHook": func(t *testing.T, db Database) (func(audit.Change) error, []noChange) {
		h := newInactiveHook()
		require.NoError(t, db.CreateHook(t.Context(), h, noRecord))
		del := func(id string) func(audit.Change) error {
			return func(change audit.Change) error { return db.DeleteHook(t.Context(), id, change) }
		}
		return del(h.ID), []noChange{
			{"missing hook", del(uuid.NewString()), fault.ErrNotFound}, {"not a UUID", del("x"), fault.ErrNotFound},
		}
	},
}

// noticesForHooks checks that a change stores its notice only if a webhook is active.
func noticesForHooks(t *testing.T, db Database) {
	u, active := mustCreateUser(t, db, nil), newHook()
	require.NoError(t, db.CreateHook(t.Context(), newInactiveHook(), noRecord))
	requireKinds := func(kinds ...outbox.Kind) {
		t.Helper()
		change := newChange()
		require.NoError(t, db.CreateSession(t.Context(), newSession(u), change))
		requireRecorded(t, db, change, kinds...)
		change = newChange()
		require.NoError(t, db.UpdateUser(t.Context(), u.ID, account.UserPatch{Name: new("new")}, noon, change))
		requireRecorded(t, db, change, kinds...)
	}
	requireKinds(outbox.Email)
	require.NoError(t, db.CreateHook(t.Context(), active, noRecord))
	requireKinds(outbox.Email, outbox.WebhookEvent)
	require.NoError(t, db.DeleteHook(t.Context(), active.ID, noRecord))
	requireKinds(outbox.Email)
	notices := slices.DeleteFunc(allJobs(t, db), func(j outbox.Job) bool { return j.Kind != outbox.WebhookEvent })
	require.Len(t, notices, 2)
}
