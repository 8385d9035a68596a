package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

var clientTests = tests[Database]{
	"stored fields":           clientStoredFields,
	"own copy":                clientOwnCopy,
	"empty fields":            clientEmptyFields,
	"secret without an end":   clientSecretWithoutEnd,
	"missing":                 clientMissing,
	"exists":                  clientExists,
	"duplicate secret":        clientDuplicateSecret,
	"same id at once":         clientSameID,
	"list":                    clientList,
	"one field at a time":     clientUpdateEachField,
	"update, missing":         clientUpdateMissing,
	"disable":                 clientDisable,
	"disable built-in client": clientDisableBuiltIn,
	"delete":                  clientDelete,
	"ended for a while":       clientEndedRetention,
	"delete, missing":         clientDeleteMissing,
	"rotate secret":           clientRotateSecret,
	"rotate, secret expires":  clientRotateExpiry,
	"rotate, refused":         clientRotateRefused,
	"rotate in one second":    clientRotateInOneSecond,
	"rotate at once":          clientRotateAtOnce,
	"token keys":              clientTokenKeys,
	"token keys, refused":     clientTokenKeysRefused,
	"token keys at once":      clientTokenKeysAtOnce,
}

func clientStoredFields(t *testing.T, db Database) {
	c := mustCreateClient(t, db)
	requireNoZeroFields(t, c)
	other := mustCreateClient(t, db)
	requireClient(t, db, c)
	requireClient(t, db, other)
}

func clientEmptyFields(t *testing.T, db Database) {
	c := oauth.Client{ID: "Empty", CreatedAt: noon}
	require.NoError(t, db.CreateClient(t.Context(), c, noRecord))
	c.Grants, c.Scopes, c.Audiences = []string{}, []string{}, []string{}
	requireClient(t, db, c)
}

func clientSecretWithoutEnd(t *testing.T, db Database) {
	c := newClient()
	c.Secrets = []oauth.ClientSecret{{Hash: randomBytes(32), CreatedAt: noon}}
	require.NoError(t, db.CreateClient(t.Context(), c, noRecord))
	requireClient(t, db, c)
}

func requireNoClient(t *testing.T, db Database, id string) {
	t.Helper()
	_, err := db.ClientByID(t.Context(), id)
	require.ErrorIs(t, err, fault.ErrNotFound, "%q", id)
}

func clientMissing(t *testing.T, db Database) {
	require.NoError(t, db.CreateClient(t.Context(), oauth.Client{ID: "Web", CreatedAt: noon}, noRecord))
	for _, id := range append([]string{"", "web", "Web ", "'"}, invalidTexts...) { // ids are case-sensitive (RFC 6749 §2.2)
		requireNoClient(t, db, id)
	}
}

func clientExists(t *testing.T, db Database) {
	c, sameID := mustCreateClient(t, db), newClient()
	sameID.ID = c.ID
	require.ErrorIs(t, db.CreateClient(t.Context(), sameID, noRecord), fault.ErrAlreadyExists)
	requireClient(t, db, c)
}

func clientDuplicateSecret(t *testing.T, db Database) {
	c := newClient()
	c.Secrets[1].Hash = c.Secrets[0].Hash
	require.ErrorIs(t, db.CreateClient(t.Context(), c, noRecord), fault.ErrAlreadyExists)
	requireNoClient(t, db, c.ID)
}

func clientSameID(t *testing.T, db Database) {
	id := newClient().ID
	requireOneSucceeds(t, fault.ErrAlreadyExists, inParallel(20, func(int) error {
		c := newClient()
		c.ID = id
		return db.CreateClient(t.Context(), c, noRecord)
	}))
}

func clientList(t *testing.T, db Database) {
	want := make([]oauth.Client, 5)
	for i := range want {
		want[i] = mustCreateClient(t, db)
	}
	slices.SortFunc(want, func(a, b oauth.Client) int { return strings.Compare(a.ID, b.ID) })
	for _, page := range []struct {
		after    string
		limit    int
		from, to int
	}{{"", 9, 0, 5}, {"", 2, 0, 2}, {want[1].ID, 2, 2, 4}, {want[3].ID, 2, 4, 5}, {want[4].ID, 2, 5, 5}, {"", 0, 0, 0}, {"", -1, 0, 0}} {
		got, err := db.ListClients(t.Context(), page.after, page.limit)
		require.NoError(t, err)
		require.Equal(t, want[page.from:page.to], append([]oauth.Client{}, got...))
	}
}

// clientUpdateEachField changes one field after the other and checks that nothing else changes.
func clientUpdateEachField(t *testing.T, db Database) {
	c, other := mustCreateClient(t, db), mustCreateClient(t, db)
	session := newClientSession()
	session.ClientID = c.ID
	require.NoError(t, db.CreateSession(t.Context(), session, noRecord))
	name, no, empty, absent, list := "", false, []string{}, []string(nil), []string{"b", "a"}
	claims := `{"b":{"c":[1.50,"é"]},"a":null}`
	long, short, zero := 48*time.Hour, time.Minute+999*time.Millisecond, time.Duration(0)
	for _, step := range []struct {
		patch oauth.ClientPatch
		edit  func()
	}{
		{oauth.ClientPatch{}, func() {}},
		{oauth.ClientPatch{Name: &name}, func() { c.Name = name }},
		{oauth.ClientPatch{FirstParty: &no}, func() { c.FirstParty = no }},
		{oauth.ClientPatch{Grants: &list}, func() { c.Grants = list }},
		{oauth.ClientPatch{Scopes: &empty}, func() { c.Scopes = empty }},
		{oauth.ClientPatch{Audiences: &absent}, func() { c.Audiences = empty }},
		{oauth.ClientPatch{AccessTTL: &zero}, func() { c.AccessTTL = zero }},
		{oauth.ClientPatch{SessionIdle: &short}, func() { c.SessionIdle = time.Minute }},
		{oauth.ClientPatch{SessionMax: &long}, func() { c.SessionMax = long }},
		{oauth.ClientPatch{Active: &c.Active}, func() {}},
		{oauth.ClientPatch{Claims: &claims}, func() { c.Claims = claims }},
		{oauth.ClientPatch{Claims: &name}, func() { c.Claims = "" }},
		{oauth.ClientPatch{TokenAlgorithm: &name}, func() { c.TokenAlgorithm = "" }},
	} {
		require.NoError(t, db.UpdateClient(t.Context(), c.ID, step.patch, noon, noRecord))
		step.edit()
		requireClient(t, db, c)
		requireSession(t, db, session)
	}
	requireClient(t, db, other)
}

func clientUpdateMissing(t *testing.T, db Database) {
	name := ""
	for _, id := range []string{"", "x", "\x00"} {
		require.ErrorIs(t, db.UpdateClient(t.Context(), id, oauth.ClientPatch{Name: &name}, noon, noRecord), fault.ErrNotFound, id)
	}
}

// clientSessions are sessions of a client and of others.
type clientSessions struct {
	live   []oauth.Session // of the client
	others []oauth.Session // a revoked one of the client and one of another client
}

func mustCreateClientSessions(t *testing.T, db Database, c oauth.Client) clientSessions {
	t.Helper()
	u := mustCreateUser(t, db, nil)
	ofUser := mustCreateSession(t, db, u, func(s *oauth.Session) { s.ClientID = c.ID })
	ofClient := newClientSession()
	ofClient.ClientID = c.ID
	require.NoError(t, db.CreateSession(t.Context(), ofClient, noRecord))
	ended := mustCreateSession(t, db, u, func(s *oauth.Session) {
		s.ClientID = c.ID
		*s = revoked(*s, noon, oauth.EndedByReuse)
	})
	return clientSessions{live: []oauth.Session{ofUser, ofClient}, others: []oauth.Session{ended, mustCreateSession(t, db, u, nil)}}
}

// requireClientSessionsEnded fails unless the live sessions of the client were revoked, and no others.
func requireClientSessionsEnded(t *testing.T, db Database, sessions clientSessions, at time.Time) {
	t.Helper()
	for _, s := range sessions.live {
		requireSession(t, db, revoked(s, at, oauth.EndedByClient))
	}
	for _, s := range sessions.others {
		requireSession(t, db, s)
	}
}

func clientDisable(t *testing.T, db Database) {
	c := mustCreateClient(t, db)
	sessions := mustCreateClientSessions(t, db, c)
	later, inactive, active := noon.Add(time.Minute), false, true
	require.NoError(t, db.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: &inactive}, later, noRecord))
	c.Active = false
	requireClient(t, db, c)
	requireClientSessionsEnded(t, db, sessions, later)
	require.NoError(t, db.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: &active}, later.Add(time.Hour), noRecord))
	requireClientSessionsEnded(t, db, sessions, later)
}

// clientDisableBuiltIn checks that the sessions of the built-in client, which has no row, cannot be ended.
func clientDisableBuiltIn(t *testing.T, db Database) {
	s := mustCreateSession(t, db, mustCreateUser(t, db, nil), nil)
	p := oauth.ClientPatch{Active: new(false)}
	require.ErrorIs(t, db.UpdateClient(t.Context(), oauth.PublicClientID, p, noon, noRecord), fault.ErrNotFound)
	require.ErrorIs(t, db.DeleteClient(t.Context(), oauth.PublicClientID, noon, noRecord), fault.ErrNotFound)
	requireSession(t, db, s)
}

func clientDelete(t *testing.T, db Database) {
	c := mustCreateClient(t, db)
	sessions := mustCreateClientSessions(t, db, c)
	later := noon.Add(time.Minute)
	require.NoError(t, db.DeleteClient(t.Context(), c.ID, later, noRecord))
	requireNoClient(t, db, c.ID)
	requireClientSessionsEnded(t, db, sessions, later)
	c.Secrets = nil
	require.NoError(t, db.CreateClient(t.Context(), c, noRecord))
	requireClient(t, db, c, "the secrets of the deleted client remain")
}

func clientDeleteMissing(t *testing.T, db Database) {
	c := mustCreateClient(t, db)
	for _, id := range []string{"", "x", "\x00"} {
		require.ErrorIs(t, db.DeleteClient(t.Context(), id, noon, noRecord), fault.ErrNotFound, id)
	}
	requireClient(t, db, c)
	require.NoError(t, db.DeleteClient(t.Context(), c.ID, noon, noRecord))
	require.ErrorIs(t, db.DeleteClient(t.Context(), c.ID, noon, noRecord), fault.ErrNotFound)
}
