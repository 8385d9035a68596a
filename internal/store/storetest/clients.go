package storetest

import (
	"errors"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func testClients(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip":     clientRoundTrip,
		"bare":           clientBare,
		"missing":        clientMissing,
		"in use already": clientExists,
		"at once":        clientAtOnce,
		"list":           clientList,
		"patch":          clientPatch,
		"disable":        clientDisable,
		"delete":         clientDelete,
		"rotate":         clientRotate,
		"rotate, twice":  clientRotateAgain,
		"rotate at once": clientRotateAtOnce,
	})
}

func clientRoundTrip(t *testing.T, w World) {
	c, other := newClient(), newClient()
	requireFilled(t, c)
	require.NoError(t, w.CreateClient(t.Context(), c, none))
	require.NoError(t, w.CreateClient(t.Context(), other, none))
	for _, want := range []oauth.Client{c, other} {
		got, err := w.ClientByID(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func clientBare(t *testing.T, w World) {
	bare := oauth.Client{ID: "Bare", CreatedAt: noon}
	require.NoError(t, w.CreateClient(t.Context(), bare, none))
	got, err := w.ClientByID(t.Context(), bare.ID)
	require.NoError(t, err)
	bare.Grants, bare.Scopes, bare.Audiences = []string{}, []string{}, []string{}
	require.Equal(t, bare, got)

	forever := newClient()
	forever.Secrets = []oauth.ClientSecret{{Hash: random(32), CreatedAt: noon}} // never expires
	require.NoError(t, w.CreateClient(t.Context(), forever, none))
	got, err = w.ClientByID(t.Context(), forever.ID)
	require.NoError(t, err)
	require.Equal(t, forever, got)
}

func clientMissing(t *testing.T, w World) {
	require.NoError(t, w.CreateClient(t.Context(), oauth.Client{ID: "Web", CreatedAt: noon}, none))
	for _, id := range []string{"", "web", "Web ", "'"} { // ids differ by case (RFC 6749 §2.2)
		_, err := w.ClientByID(t.Context(), id)
		require.ErrorIs(t, err, account.ErrNotFound, id)
	}
}

func clientExists(t *testing.T, w World) {
	c, again := newClient(), newClient()
	require.NoError(t, w.CreateClient(t.Context(), c, none))
	again.ID = c.ID
	require.ErrorIs(t, w.CreateClient(t.Context(), again, none), oauth.ErrExists)
	got, err := w.ClientByID(t.Context(), c.ID)
	require.NoError(t, err)
	require.Equal(t, c, got) // no secret of the second has slipped in

	twice := newClient()
	twice.Secrets[1].Hash = twice.Secrets[0].Hash
	require.ErrorIs(t, w.CreateClient(t.Context(), twice, none), oauth.ErrExists)
	_, err = w.ClientByID(t.Context(), twice.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
}

func clientAtOnce(t *testing.T, w World) {
	id, won := newClient().ID, 0
	for _, err := range inParallel(20, func(int) error {
		c := newClient()
		c.ID = id
		return w.CreateClient(t.Context(), c, none)
	}) {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, oauth.ErrExists)
	}
	require.Equal(t, 1, won)
}

func clientList(t *testing.T, w World) {
	want := make([]oauth.Client, 5)
	for i := range want {
		want[i] = newClient()
		require.NoError(t, w.CreateClient(t.Context(), want[i], none))
	}
	sort.Slice(want, func(i, j int) bool { return want[i].ID < want[j].ID })
	for _, page := range []struct {
		after    string
		limit    int
		from, to int
	}{{"", 9, 0, 5}, {"", 2, 0, 2}, {want[1].ID, 2, 2, 4}, {want[3].ID, 2, 4, 5}, {want[4].ID, 2, 5, 5}, {"", 0, 0, 0}, {"", -1, 0, 0}} {
		got, err := w.ListClients(t.Context(), page.after, page.limit)
		require.NoError(t, err)
		require.Equal(t, want[page.from:page.to], append([]oauth.Client{}, got...))
	}
}

// clientPatch changes one field after the other: no other one changes with it.
func clientPatch(t *testing.T, w World) {
	c, other := newClient(), newClient()
	require.NoError(t, w.CreateClient(t.Context(), c, none))
	require.NoError(t, w.CreateClient(t.Context(), other, none))
	session := newOwnSession()
	session.ClientID = c.ID
	require.NoError(t, w.CreateSession(t.Context(), session, none))
	name, no, empty, absent, list := "", false, []string{}, []string(nil), []string{"b", "a"}
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
	} {
		require.NoError(t, w.UpdateClient(t.Context(), c.ID, step.patch, noon, none))
		step.edit()
		requireClient(t, w, c)
		requireSession(t, w, session)
	}
	requireClient(t, w, other)
	for _, id := range []string{"", "x", "\x00"} {
		require.ErrorIs(t, w.UpdateClient(t.Context(), id, oauth.ClientPatch{Name: &name}, noon, none), account.ErrNotFound, id)
	}
}

// signedIn stores a client with a live session of a user, one of its own and a dead one, and a
// session of another client.
func signedIn(t *testing.T, w World) (c oauth.Client, live []oauth.Session, others []oauth.Session) {
	t.Helper()
	c = newClient()
	require.NoError(t, w.CreateClient(t.Context(), c, none))
	u := mustCreate(t, w, nil)
	mine := mustSignIn(t, w, u, func(s *oauth.Session) { s.ClientID = c.ID })
	own := newOwnSession()
	own.ClientID = c.ID
	require.NoError(t, w.CreateSession(t.Context(), own, none))
	dead := mustSignIn(t, w, u, func(s *oauth.Session) {
		s.ClientID = c.ID
		*s = ended(*s, noon, oauth.EndedByReuse)
	})
	return c, []oauth.Session{mine, own}, []oauth.Session{dead, mustSignIn(t, w, u, nil)}
}

func requireEnded(t *testing.T, w World, live, others []oauth.Session, at time.Time) {
	t.Helper()
	for _, s := range live {
		requireSession(t, w, ended(s, at, oauth.EndedByClient))
	}
	for _, s := range others {
		requireSession(t, w, s)
	}
}

func clientDisable(t *testing.T, w World) {
	c, live, others := signedIn(t, w)
	later, off, on := noon.Add(time.Minute), false, true
	// Sessions of the built-in client, which has no row, are nobody's to end.
	require.ErrorIs(t, w.UpdateClient(t.Context(), oauth.PublicClientID, oauth.ClientPatch{Active: &off}, later, none), account.ErrNotFound)
	requireSession(t, w, others[1])

	require.NoError(t, w.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: &off}, later, none))
	c.Active = false
	requireClient(t, w, c)
	requireEnded(t, w, live, others, later)
	require.NoError(t, w.UpdateClient(t.Context(), c.ID, oauth.ClientPatch{Active: &on}, later.Add(time.Hour), none))
	requireEnded(t, w, live, others, later) // what has ended stays so
}

func clientDelete(t *testing.T, w World) {
	c, live, others := signedIn(t, w)
	later := noon.Add(time.Minute)
	for _, id := range []string{"", "x", "\x00", oauth.PublicClientID} {
		require.ErrorIs(t, w.DeleteClient(t.Context(), id, later, none), account.ErrNotFound, id)
	}
	requireClient(t, w, c)
	requireSession(t, w, others[1])

	require.NoError(t, w.DeleteClient(t.Context(), c.ID, later, none))
	_, err := w.ClientByID(t.Context(), c.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	require.ErrorIs(t, w.DeleteClient(t.Context(), c.ID, later, none), account.ErrNotFound)
	requireEnded(t, w, live, others, later)
	c.Secrets = nil // none is left over for the next of that name
	require.NoError(t, w.CreateClient(t.Context(), c, none))
	requireClient(t, w, c)
}

func clientRotate(t *testing.T, w World) {
	c, other := newClient(), newClient()
	newest, oldest := c.Secrets[0], c.Secrets[1]
	require.True(t, newest.CreatedAt.After(oldest.CreatedAt))
	require.NoError(t, w.CreateClient(t.Context(), c, none))
	require.NoError(t, w.CreateClient(t.Context(), other, none))

	// The newest stays, and ends at until; the one before it goes at once.
	secret, until := oauth.ClientSecret{Hash: random(32), CreatedAt: noon.Add(time.Hour)}, noon.Add(90*time.Minute)
	require.NoError(t, w.RotateClientSecret(t.Context(), c.ID, secret, until, none))
	newest.ExpiresAt = until
	c.Secrets = []oauth.ClientSecret{secret, newest}
	requireClient(t, w, c)

	// What has no end gets one; what ends before until keeps its own.
	third := oauth.ClientSecret{Hash: random(32), CreatedAt: noon.Add(2 * time.Hour), ExpiresAt: noon.Add(3 * time.Hour)}
	require.NoError(t, w.RotateClientSecret(t.Context(), c.ID, third, noon.Add(4*time.Hour), none))
	secret.ExpiresAt = noon.Add(4 * time.Hour)
	c.Secrets = []oauth.ClientSecret{third, secret}
	requireClient(t, w, c)
	fourth := oauth.ClientSecret{Hash: random(32), CreatedAt: noon.Add(3 * time.Hour)}
	require.NoError(t, w.RotateClientSecret(t.Context(), c.ID, fourth, noon.Add(9*time.Hour), none))
	c.Secrets = []oauth.ClientSecret{fourth, third}
	requireClient(t, w, c)
	requireClient(t, w, other)

	for _, id := range []string{"", "x", "\x00"} {
		require.ErrorIs(t, w.RotateClientSecret(t.Context(), id, secret, until, none), account.ErrNotFound, id)
	}
	require.ErrorIs(t, w.RotateClientSecret(t.Context(), c.ID, fourth, until, none), oauth.ErrExists)
	requireClient(t, w, c)
}

// clientRotateAgain within one second: the secret that was given out last is the one that stays.
func clientRotateAgain(t *testing.T, w World) {
	for range 10 { // whatever the order of the hashes
		c := newClient()
		c.Secrets = []oauth.ClientSecret{{Hash: random(32), CreatedAt: noon}}
		require.NoError(t, w.CreateClient(t.Context(), c, none))
		second, third := oauth.ClientSecret{Hash: random(32), CreatedAt: noon}, oauth.ClientSecret{Hash: random(32), CreatedAt: noon}
		require.NoError(t, w.RotateClientSecret(t.Context(), c.ID, second, noon.Add(time.Hour), none))
		require.NoError(t, w.RotateClientSecret(t.Context(), c.ID, third, noon.Add(time.Hour), none))
		second.ExpiresAt = noon.Add(time.Hour)
		c.Secrets = []oauth.ClientSecret{third, second}
		requireClient(t, w, c)
	}
}

func clientRotateAtOnce(t *testing.T, w World) {
	for range rounds {
		c := newClient()
		require.NoError(t, w.CreateClient(t.Context(), c, none))
		errs := inParallel(2, func(int) error {
			return w.RotateClientSecret(t.Context(), c.ID, oauth.ClientSecret{Hash: random(32), CreatedAt: noon.Add(time.Hour)}, noon, none)
		})
		require.NoError(t, errors.Join(errs...))
		got, err := w.ClientByID(t.Context(), c.ID)
		require.NoError(t, err)
		require.Len(t, got.Secrets, 2)
	}
}
