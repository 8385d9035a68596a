package storetest

import (
	"testing"

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
	})
}

func clientRoundTrip(t *testing.T, w World) {
	c, other := newClient(), newClient()
	requireFilled(t, c)
	require.NoError(t, w.CreateClient(t.Context(), c))
	require.NoError(t, w.CreateClient(t.Context(), other))
	for _, want := range []oauth.Client{c, other} {
		got, err := w.ClientByID(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func clientBare(t *testing.T, w World) {
	bare := oauth.Client{ID: "Bare", CreatedAt: noon}
	require.NoError(t, w.CreateClient(t.Context(), bare))
	got, err := w.ClientByID(t.Context(), bare.ID)
	require.NoError(t, err)
	bare.Grants, bare.Scopes, bare.Audiences = []string{}, []string{}, []string{}
	require.Equal(t, bare, got)

	forever := newClient()
	forever.Secrets = []oauth.ClientSecret{{Hash: random(32), CreatedAt: noon}} // never expires
	require.NoError(t, w.CreateClient(t.Context(), forever))
	got, err = w.ClientByID(t.Context(), forever.ID)
	require.NoError(t, err)
	require.Equal(t, forever, got)
}

func clientMissing(t *testing.T, w World) {
	require.NoError(t, w.CreateClient(t.Context(), oauth.Client{ID: "Web", CreatedAt: noon}))
	for _, id := range []string{"", "web", "Web ", "'"} { // ids differ by case (RFC 6749 §2.2)
		_, err := w.ClientByID(t.Context(), id)
		require.ErrorIs(t, err, account.ErrNotFound, id)
	}
}

func clientExists(t *testing.T, w World) {
	c, again := newClient(), newClient()
	require.NoError(t, w.CreateClient(t.Context(), c))
	again.ID = c.ID
	require.ErrorIs(t, w.CreateClient(t.Context(), again), oauth.ErrExists)
	got, err := w.ClientByID(t.Context(), c.ID)
	require.NoError(t, err)
	require.Equal(t, c, got) // no secret of the second has slipped in

	twice := newClient()
	twice.Secrets[1].Hash = twice.Secrets[0].Hash
	require.ErrorIs(t, w.CreateClient(t.Context(), twice), oauth.ErrExists)
	_, err = w.ClientByID(t.Context(), twice.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
}

func clientAtOnce(t *testing.T, w World) {
	id, won := newClient().ID, 0
	for _, err := range inParallel(20, func(int) error {
		c := newClient()
		c.ID = id
		return w.CreateClient(t.Context(), c)
	}) {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, oauth.ErrExists)
	}
	require.Equal(t, 1, won)
}
