package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/statistics"
	"github.com/latchkey-auth/latchkey/internal/throttle"
)

var contextTests = tests[Database]{
	"canceled": func(t *testing.T, db Database) { contextCanceled(t, db, databaseCalls) },
	"expired":  func(t *testing.T, db Database) { contextExpired(t, db, databaseCalls) },
}

var accountContextTests = tests[Accounts]{
	"canceled": func(t *testing.T, db Accounts) { contextCanceled(t, db, accountCalls) },
	"expired":  func(t *testing.T, db Accounts) { contextExpired(t, db, accountCalls) },
}

// call is a call of one method that succeeds after the calls before it.
type call struct {
	method string
	do     func(ctx context.Context) error
}

// contextCanceled makes all calls with a canceled context and then again without. The second time they
// succeed, so the first time they did nothing.
func contextCanceled[S Accounts](t *testing.T, db S, calls func(S, account.User) []call) {
	u := mustCreateUser(t, db, nil)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	all := calls(db, u)
	for _, c := range all {
		require.ErrorIs(t, c.do(canceled), context.Canceled, c.method)
	}
	users, err := listUsers(t.Context(), db, account.Position{}, 9)
	require.NoError(t, err)
	require.Equal(t, []account.User{u}, users)
	for _, c := range all {
		require.NoError(t, c.do(t.Context()), c.method)
	}
}

func contextExpired[S Accounts](t *testing.T, db S, calls func(S, account.User) []call) {
	u := mustCreateUser(t, db, nil)
	expired, cancel := context.WithDeadline(t.Context(), noon.AddDate(-100, 0, 0))
	defer cancel()
	for _, c := range calls(db, u) {
		require.ErrorIs(t, c.do(expired), fault.ErrUnavailable, c.method)
	}
}

func databaseCalls(db Database, u account.User) []call {
	return slices.Concat(outboxCalls(db), endedSessionCalls(db), sessionCalls(db, u), clientCalls(db), keyCalls(db), hookCalls(db), statisticsCalls(db), throttleCalls(db), []call{{"Ping", db.Ping}})
}

func accountCalls(db Accounts, u account.User) []call {
	return slices.Concat(userCalls(db, u), roleCalls(db, u), tokenCalls(db, u), eventCalls(db), deletionCalls(db, u))
}

func userCalls(db Accounts, u account.User) []call {
	created, imported := NewUser(), NewUser()
	return []call{
		{"CreateUser", func(ctx context.Context) error { return db.CreateUser(ctx, created, noRecord) }},
		{"UserByUsername", func(ctx context.Context) error { _, err := db.UserByUsername(ctx, u.UsernameKey); return err }},
		{"UserByEmail", func(ctx context.Context) error { _, err := db.UserByEmail(ctx, u.EmailKey); return err }},
		{"UserByID", func(ctx context.Context) error { _, err := db.UserByID(ctx, u.ID); return err }},
		{"ListUsers", func(ctx context.Context) error { _, err := listUsers(ctx, db, account.Position{}, 9); return err }},
		{"ReplacePasswordHash", func(ctx context.Context) error { return db.ReplacePasswordHash(ctx, u.ID, u.PasswordHash, "new") }},
		{"UpdateUser", func(ctx context.Context) error { return setPassword(ctx, db, u.ID, "newer", "", noon) }},
		{"ImportUsers", func(ctx context.Context) error {
			_, err := db.ImportUsers(ctx, []account.User{imported}, noRecord)
			return err
		}},
	}
}

func roleCalls(db Accounts, u account.User) []call {
	return []call{
		{"GrantRole", func(ctx context.Context) error { return db.GrantRole(ctx, u.ID, account.RoleUser, noon, noRecord) }},
		{"RevokeRole", func(ctx context.Context) error { return db.RevokeRole(ctx, u.ID, account.RoleUser, noon, noRecord) }},
		{"PutRole", func(ctx context.Context) error { return db.PutRole(ctx, account.Role{Name: "ROLE_NEW"}, noRecord) }},
		{"Roles", func(ctx context.Context) error { _, err := db.Roles(ctx); return err }},
		{"RoleByName", func(ctx context.Context) error { _, err := db.RoleByName(ctx, account.RoleUser); return err }},
		{"DeleteRole", func(ctx context.Context) error { return db.DeleteRole(ctx, "ROLE_NEW", noRecord) }},
	}
}

func tokenCalls(db Accounts, u account.User) []call {
	verify := account.OneTimeToken{Hash: randomBytes(32), Purpose: account.PurposeVerify, UserID: u.ID, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}
	reset := verify
	reset.Hash, reset.Purpose = randomBytes(32), account.PurposeReset
	return []call{
		{"PutOneTimeToken", func(ctx context.Context) error { return db.PutOneTimeToken(ctx, verify) }},
		{"PutOneTimeToken", func(ctx context.Context) error { return db.PutOneTimeToken(ctx, reset) }},
		{"OneTimeTokenByHash", func(ctx context.Context) error {
			_, _, err := db.OneTimeTokenByHash(ctx, verify.Hash, noon)
			return err
		}},
		{"UseVerifyToken", func(ctx context.Context) error { return db.UseVerifyToken(ctx, verify.Hash, noon, noRecord) }},
		{"UseResetToken", func(ctx context.Context) error { return db.UseResetToken(ctx, reset.Hash, "newest", noon, noRecord) }},
		{"PurgeOneTimeTokens", func(ctx context.Context) error { _, err := db.PurgeOneTimeTokens(ctx, noon, 9); return err }},
	}
}

func eventCalls(db Accounts) []call {
	e := newEvent()
	return []call{
		{"AppendEvent", func(ctx context.Context) error { return db.AppendEvent(ctx, e) }},
		{"Events", func(ctx context.Context) error { _, err := db.Events(ctx, audit.Query{Limit: 9}); return err }},
		{"PurgeEvents", func(ctx context.Context) error { _, err := db.PurgeEvents(ctx, noon, 9); return err }},
	}
}

func endedSessionCalls(db Database) []call {
	return []call{
		{"PublishEndedSessions", func(ctx context.Context) error { _, err := db.PublishEndedSessions(ctx, 0, 9); return err }},
		{"EndedSessions", func(ctx context.Context) error { _, err := db.EndedSessions(ctx, 0, 9); return err }},
		{"PurgeEndedSessions", func(ctx context.Context) error { _, err := db.PurgeEndedSessions(ctx, noon, 9); return err }},
	}
}

func outboxCalls(db Database) []call {
	j := newJob(outbox.Email)
	return []call{
		{"Enqueue", func(ctx context.Context) error { return db.Enqueue(ctx, j) }},
		{"OutboxStats", func(ctx context.Context) error { _, err := db.OutboxStats(ctx); return err }},
		{"ClaimJobs", func(ctx context.Context) error { _, err := db.ClaimJobs(ctx, noon, time.Minute, 9); return err }},
		{"RetryJob", func(ctx context.Context) error { return db.RetryJob(ctx, j.ID, noon, "it failed") }},
		{"FinishJob", func(ctx context.Context) error { return db.FinishJob(ctx, j.ID, nil) }},
	}
}

func deletionCalls(db Accounts, u account.User) []call {
	return []call{{"DeleteUser", func(ctx context.Context) error { return db.DeleteUser(ctx, u.ID, noon, noRecord) }}}
}

func sessionCalls(db Database, u account.User) []call {
	s := newSession(u)
	return []call{
		{"CreateSession", func(ctx context.Context) error { return db.CreateSession(ctx, s, noRecord) }},
		{"SessionByID", func(ctx context.Context) error { _, _, err := db.SessionByID(ctx, s.ID); return err }},
		{"SessionByFamily", func(ctx context.Context) error { _, _, err := db.SessionByFamily(ctx, s.FamilyID); return err }},
		{"RepeatRotation", func(ctx context.Context) error { return db.RepeatRotation(ctx, s.FamilyID, s.Counter) }},
		{"RotateSession", func(ctx context.Context) error { return rotate(ctx, db, rotation(s)) }},
		{"UserSessions", func(ctx context.Context) error { _, err := db.UserSessions(ctx, u.ID, noon); return err }},
		{"RevokeSession", func(ctx context.Context) error { return db.RevokeSession(ctx, s.ID, "", "test", noon, noRecord) }},
		{"RevokeSessions", func(ctx context.Context) error {
			_, err := db.RevokeSessions(ctx, u.ID, "", "test", noon, noRecord)
			return err
		}},
		{"Instance", func(ctx context.Context) error { _, err := db.Instance(ctx); return err }},
		{"ProbeWrite", db.ProbeWrite},
		{"RevokeAllSessions", func(ctx context.Context) error {
			_, err := db.RevokeAllSessions(ctx, oauth.EndedByAdmin, noon, 0)
			return err
		}},
		{"PurgeSessions", func(ctx context.Context) error { _, err := db.PurgeSessions(ctx, noon, 9); return err }},
	}
}

func clientCalls(db Database) []call {
	c := newClient()
	return []call{
		{"CreateClient", func(ctx context.Context) error { return db.CreateClient(ctx, c, noRecord) }},
		{"ClientByID", func(ctx context.Context) error { _, err := db.ClientByID(ctx, c.ID); return err }},
		{"ListClients", func(ctx context.Context) error { _, err := db.ListClients(ctx, "", 9); return err }},
		{"UpdateClient", func(ctx context.Context) error {
			return db.UpdateClient(ctx, c.ID, oauth.ClientPatch{}, noon, noRecord)
		}},
		{"RotateClientSecret", func(ctx context.Context) error {
			return db.RotateClientSecret(ctx, c.ID, oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon}, noon, noRecord)
		}},
		{"DeleteClient", func(ctx context.Context) error { return db.DeleteClient(ctx, c.ID, noon, noRecord) }},
	}
}

func keyCalls(db Database) []call {
	k := newKey(1)
	return []call{
		{"AddSigningKey", func(ctx context.Context) error { return db.AddSigningKey(ctx, k) }},
		{"SigningKeys", func(ctx context.Context) error { _, err := db.SigningKeys(ctx); return err }},
		{"ReplaceSealed", func(ctx context.Context) error { return db.ReplaceSealed(ctx, k.ID, k.Sealed, nil) }},
		{"DeleteSigningKey", func(ctx context.Context) error { return db.DeleteSigningKey(ctx, k.ID) }},
	}
}

func hookCalls(db Database) []call {
	h := newHook()
	d := newDelivery(h)
	return []call{
		{"CreateHook", func(ctx context.Context) error { return db.CreateHook(ctx, h, noRecord) }},
		{"Hooks", func(ctx context.Context) error { _, err := db.Hooks(ctx); return err }},
		{"UpdateHook", func(ctx context.Context) error { return db.UpdateHook(ctx, h.ID, hook.Patch{}, noRecord) }},
		{"FailingHooks", func(ctx context.Context) error { _, err := db.FailingHooks(ctx, noon); return err }},
		{"RecordDelivery", func(ctx context.Context) error { return db.RecordDelivery(ctx, d) }},
		{"Delivery", func(ctx context.Context) error { _, err := db.Delivery(ctx, d.ID); return err }},
		{"Deliveries", func(ctx context.Context) error { _, err := db.Deliveries(ctx, h.ID, 9); return err }},
		{"PurgeDeliveries", func(ctx context.Context) error { _, err := db.PurgeDeliveries(ctx, noon, 9); return err }},
		{"DeleteHook", func(ctx context.Context) error { return db.DeleteHook(ctx, h.ID, noRecord) }},
	}
}

func throttleCalls(db Database) []call {
	return []call{
		{"Spend", func(ctx context.Context) error {
			_, err := db.Spend(ctx, noon, throttle.Charges{First: newCharge([]byte("key"), noon), Networks: [][]byte{{1}}})
			return err
		}},
		{"Refund", func(ctx context.Context) error {
			return db.Refund(ctx, noon, []throttle.Refund{{Key: []byte("key"), Amount: time.Second}})
		}},
		{"RefundAndRemember", func(ctx context.Context) error {
			return db.RefundAndRemember(ctx, noon, nil, newNetwork([]byte("owner"), noon), 9)
		}},
		{"PurgeThrottle", func(ctx context.Context) error { _, err := db.PurgeThrottle(ctx, noon, 9); return err }},
	}
}

func statisticsCalls(db Database) []call {
	return []call{
		{"AddCounts", func(ctx context.Context) error { return db.AddCounts(ctx, noon, statistics.Counts{SignIns: 1}) }},
		{"PutLevels", func(ctx context.Context) error { return db.PutLevels(ctx, noon, statistics.Levels{Users: 1}) }},
		{"Hours", func(ctx context.Context) error { _, err := db.Hours(ctx, noon); return err }},
		{"CountLevels", func(ctx context.Context) error { _, err := db.CountLevels(ctx, noon); return err }},
		{"PurgeHours", func(ctx context.Context) error { _, err := db.PurgeHours(ctx, noon, 9); return err }},
	}
}
