package oauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// reader is the authority of an administrator who may pass on two scopes.
var reader = oauth.Principal{Claims: oauth.Claims{Scopes: []string{"profile", "users:read"}}}.Authority()

// clientCases are registrations. The default is a confidential first-party client for every grant,
// registered by someone with access to the database.
var clientCases = map[string]struct {
	edit    func(*oauth.Client)
	by      *oauth.Authority // default: oauth.Operator
	code    fault.Code       // empty: registered
	pointer string
}{
	"valid":                      {edit: func(*oauth.Client) {}},
	"public":                     {edit: func(c *oauth.Client) { c.Public, c.Grants = true, []string{oauth.GrantPassword} }},
	"longest id":                 {edit: func(c *oauth.Client) { c.ID = strings.Repeat("x", 64) }},
	"every character of an id":   {edit: func(c *oauth.Client) { c.ID = "aZ09._~-" }},
	"no id":                      {edit: func(c *oauth.Client) { c.ID = "" }, code: oauth.InvalidClientMetadata, pointer: "/id"},
	"id too long":                {edit: func(c *oauth.Client) { c.ID = strings.Repeat("x", 65) }, code: oauth.InvalidClientMetadata, pointer: "/id"},
	"id with a colon":            {edit: func(c *oauth.Client) { c.ID = "a:b" }, code: oauth.InvalidClientMetadata, pointer: "/id"},
	"id with a line break":       {edit: func(c *oauth.Client) { c.ID = "a\n" }, code: oauth.InvalidClientMetadata, pointer: "/id"},
	"UUID":                       {edit: func(c *oauth.Client) { c.ID = "0198c5f2-7d3a-7c4e-9b1a-2f6d8e0a4c71" }, code: oauth.InvalidClientMetadata, pointer: "/id"},
	"UUID in upper case":         {edit: func(c *oauth.Client) { c.ID = "0198C5F2-7D3A-7C4E-9B1A-2F6D8E0A4C71" }, code: oauth.InvalidClientMetadata, pointer: "/id"},
	"UUID without hyphens":       {edit: func(c *oauth.Client) { c.ID = "0198c5f27d3a7c4e9b1a2f6d8e0a4c71" }, code: oauth.InvalidClientMetadata, pointer: "/id"},
	"UUID with more hyphens":     {edit: func(c *oauth.Client) { c.ID = "-0198-c5f2-7d3a-7c4e-9b1a-2f6d-8e0a-4c71-" }, code: oauth.InvalidClientMetadata, pointer: "/id"},
	"UUID with a prefix":         {edit: func(c *oauth.Client) { c.ID = "app-0198c5f2-7d3a-7c4e-9b1a-2f6d8e0a4c71" }},
	"one digit less than a UUID": {edit: func(c *oauth.Client) { c.ID = "0198c5f2-7d3a-7c4e-9b1a-2f6d8e0a4c7" }},
	"one digit more than a UUID": {edit: func(c *oauth.Client) { c.ID = "0198c5f2-7d3a-7c4e-9b1a-2f6d8e0a4c711" }},
	"id of the built-in client":  {edit: func(c *oauth.Client) { c.ID = oauth.PublicClientID }, code: fault.AlreadyExists},
	"no grants":                  {edit: func(c *oauth.Client) { c.Grants = nil }, code: oauth.InvalidClientMetadata, pointer: "/grants"},
	"unknown grant":              {edit: func(c *oauth.Client) { c.Grants = []string{oauth.GrantPassword, "implicit"} }, code: oauth.InvalidClientMetadata, pointer: "/grants"},
	"public, client credentials": {edit: func(c *oauth.Client) { c.Public = true }, code: oauth.InvalidClientMetadata, pointer: "/grants"},
	"third party, password":      {edit: func(c *oauth.Client) { c.FirstParty = false }, code: oauth.InvalidClientMetadata, pointer: "/first_party"},
	"third party, refresh":       {edit: func(c *oauth.Client) { c.FirstParty, c.Grants = false, []string{oauth.GrantRefresh} }},
	"third party, client":        {edit: func(c *oauth.Client) { c.FirstParty, c.Grants = false, []string{oauth.GrantClient} }},
	"invalid scope":              {edit: func(c *oauth.Client) { c.Scopes = []string{"profile", "a b"} }, code: oauth.InvalidClientMetadata, pointer: "/scopes"},
	"NUL in the name":            {edit: func(c *oauth.Client) { c.Name = "a\x00b" }, code: oauth.InvalidClientMetadata, pointer: "/name"},
	"half characters":            {edit: func(c *oauth.Client) { c.Audiences = []string{"\xc3", "\xa4"} }, code: oauth.InvalidClientMetadata, pointer: "/audiences"},
	"NUL in an audience":         {edit: func(c *oauth.Client) { c.Audiences = []string{"a\x00b"} }, code: oauth.InvalidClientMetadata, pointer: "/audiences"},
	"empty audience":             {edit: func(c *oauth.Client) { c.Audiences = []string{"https://a.example", ""} }, code: oauth.InvalidClientMetadata, pointer: "/audiences"},
	"claims":                     {edit: func(c *oauth.Client) { c.Claims = ` {"a": [1, {"b": "x"}]} ` }},
	"no claims":                  {edit: func(c *oauth.Client) { c.Claims = "{}" }},
	"claims of a user": {edit: func(c *oauth.Client) {
		c.Claims, c.Grants = `{"a": "{{user.email}}"}`, []string{oauth.GrantPassword}
	}},
	"claims of a user, client":        {edit: func(c *oauth.Client) { c.Claims = `{"a": "{{user.email}}"}` }, code: oauth.InvalidClientMetadata, pointer: "/claims"},
	"reserved claim":                  {edit: func(c *oauth.Client) { c.Claims = `{"sub": "root"}` }, code: oauth.InvalidClientMetadata, pointer: "/claims/sub"},
	"unknown field":                   {edit: func(c *oauth.Client) { c.Claims = `{"a": ["{{user.age}}"]}` }, code: oauth.InvalidClientMetadata, pointer: "/claims/a/0"},
	"claims that are no object":       {edit: func(c *oauth.Client) { c.Claims = `[]` }, code: oauth.InvalidClientMetadata, pointer: "/claims"},
	"longest claims":                  {edit: func(c *oauth.Client) { c.Claims = `{"a":"` + strings.Repeat("x", 2040) + `"}` }},
	"claims too long":                 {edit: func(c *oauth.Client) { c.Claims = `{"a":"` + strings.Repeat("x", 2041) + `"}` }, code: oauth.InvalidClientMetadata, pointer: "/claims"},
	"another algorithm":               {edit: func(c *oauth.Client) { c.TokenAlgorithm = "none" }, code: oauth.InvalidClientMetadata, pointer: "/access_token_algorithm"},
	"HS256 without an audience":       {edit: func(c *oauth.Client) { c.TokenAlgorithm = oauth.HS256 }, code: oauth.InvalidClientMetadata, pointer: "/audiences"},
	"scopes of the administrator":     {edit: func(*oauth.Client) {}, by: &reader},
	"scopes it does not have":         {edit: func(c *oauth.Client) { c.Scopes = []string{"users:write"} }, by: &reader, code: fault.InsufficientScope},
	"scopes it lacks, only for users": {edit: func(c *oauth.Client) { c.Scopes, c.Grants = []string{"users:write"}, []string{oauth.GrantPassword} }, by: &reader},
	"no authority, only profile":      {edit: func(c *oauth.Client) { c.Scopes = []string{"profile"} }, by: &oauth.Authority{}},
	"no authority":                    {edit: func(*oauth.Client) {}, by: &oauth.Authority{}, code: fault.InsufficientScope},
}

func newClient(id string) oauth.Client {
	return oauth.Client{
		ID: id, FirstParty: true, Grants: []string{oauth.GrantPassword, oauth.GrantRefresh, oauth.GrantClient}, Scopes: []string{"profile", "users:read"},
	}
}

// requireFault requires an error of the domain with a code and a pointer, or no error for the code "".
func requireFault(t *testing.T, err error, want fault.Code, pointer string) {
	t.Helper()
	if want == "" {
		require.NoError(t, err)
		return
	}
	var refused *fault.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, want, refused.Code)
	require.Equal(t, pointer, refused.Pointer)
}

// TestClientRules checks that the same rules hold for a new client and for the change of a client.
func TestClientRules(t *testing.T) {
	t.Parallel()
	for name, c := range clientCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if c.by == nil {
				c.by = &oauth.Operator
			}
			client := newClient("web")
			c.edit(&client)
			created, secrets, err := f.CreateClient(t.Context(), *c.by, client)
			requireFault(t, err, c.code, c.pointer)
			if c.code == "" {
				require.Equal(t, client.Public, secrets.Secret == "", "a public client has no secret")
				require.True(t, created.Active)
				require.Equal(t, audit.ClientCreated, f.lastEvent(t).Action)
			}
			if client.ID != "web" || client.Public {
				return // cannot be changed later
			}
			other := newClient("other")
			other.Grants = []string{oauth.GrantPassword} // so that only the change needs scopes
			other, _, err = f.CreateClient(t.Context(), oauth.Operator, other)
			require.NoError(t, err)
			updated, err := f.UpdateClient(t.Context(), *c.by, "other", oauth.ClientPatch{
				Name: &client.Name, FirstParty: &client.FirstParty, Grants: &client.Grants, Scopes: &client.Scopes, Audiences: &client.Audiences,
				TokenAlgorithm: &client.TokenAlgorithm, Claims: &client.Claims,
			})
			requireFault(t, err, c.code, c.pointer)
			if c.code == "" {
				require.ElementsMatch(t, client.Grants, updated.Grants)
				return
			}
			stored, err := f.Client(t.Context(), "other")
			require.NoError(t, err)
			require.ElementsMatch(t, other.Grants, stored.Grants, "nothing is changed")
			require.ElementsMatch(t, other.Scopes, stored.Scopes, "nothing is changed")
		})
	}
}

// Clients registered before UUIDs were refused keep working, and can be changed.
func TestClientWithUUID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := newClient(f.user.ID)
	create := func(c oauth.Client) error {
		_, _, err := f.CreateClient(t.Context(), oauth.Operator, c)
		return err
	}
	requireFault(t, create(old), oauth.InvalidClientMetadata, "/id")
	old.Active, old.CreatedAt = true, noon
	require.NoError(t, f.store.CreateClient(t.Context(), old, audit.Change{}))
	_, secret, err := f.RotateSecret(t.Context(), oauth.Operator, old.ID, 0)
	require.NoError(t, err)
	_, err = f.UpdateClient(t.Context(), oauth.Operator, old.ID, oauth.ClientPatch{Name: new("Old")})
	require.NoError(t, err)
	_, err = f.AuthenticateClient(t.Context(), oauth.Credentials{Pairs: []oauth.Pair{{ID: old.ID, Secret: secret}}}, "")
	require.NoError(t, err)
	require.NoError(t, f.DeleteClient(t.Context(), oauth.Operator, old.ID))
}

func TestClientSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, created, err := f.CreateClient(t.Context(), oauth.Operator, newClient("web"))
	require.NoError(t, err)
	first := created.Secret
	require.Regexp(t, `^cs_[A-Za-z0-9_-]{43}$`, first)
	_, second, err := f.RotateSecret(t.Context(), oauth.Operator, "web", time.Hour)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.Equal(t, audit.ClientSecretAdded, f.lastEvent(t).Action)
	works := func(secret string) bool {
		_, err := f.AuthenticateClient(t.Context(), oauth.Credentials{Pairs: []oauth.Pair{{ID: "web", Secret: secret}}}, "")
		return err == nil
	}
	f.now = noon.Add(time.Hour - time.Second)
	require.True(t, works(first), "the old secret works during the overlap")
	require.True(t, works(second))
	f.now = noon.Add(time.Hour)
	require.False(t, works(first))
	require.True(t, works(second))
}

// With a new secret one can act as the client, so rotating it requires the client's scopes.
func TestRotateSecretRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	public := newClient("public")
	public.Public, public.Grants = true, []string{oauth.GrantPassword}
	powerful := newClient("powerful")
	powerful.Scopes = []string{"users:write"}
	for _, c := range []oauth.Client{public, powerful} {
		_, _, err := f.CreateClient(t.Context(), oauth.Operator, c)
		require.NoError(t, err)
	}
	_, _, err := f.RotateSecret(t.Context(), oauth.Operator, "public", 0)
	requireFault(t, err, oauth.InvalidClientMetadata, "")
	_, _, err = f.RotateSecret(t.Context(), reader, "powerful", 0)
	requireFault(t, err, fault.InsufficientScope, "")
	for _, id := range []string{"nobody", "", "a b", oauth.PublicClientID} {
		_, _, err = f.RotateSecret(t.Context(), oauth.Operator, id, 0)
		requireFault(t, err, fault.NotFound, "")
	}
}

func TestListClients(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []string{"c", "a", "b"} {
		_, _, err := f.CreateClient(t.Context(), oauth.Operator, newClient(id))
		require.NoError(t, err)
	}
	for _, c := range []struct {
		after, ids, next string
		limit            int
	}{
		{limit: 5, ids: "a b c"}, {limit: 3, ids: "a b c"}, {limit: 2, ids: "a b", next: "b"}, {after: "b", limit: 2, ids: "c"}, {after: "c", limit: 2},
	} {
		clients, next, err := f.ListClients(t.Context(), c.after, c.limit)
		require.NoError(t, err)
		ids := []string{}
		for _, client := range clients {
			ids = append(ids, client.ID)
		}
		require.Equal(t, c.ids, strings.Join(ids, " "))
		require.Equal(t, c.next, next)
	}
}

// Deleting a client ends its sessions.
func TestDeleteClient(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	by := f.addClient(t, true)
	tokens := f.signIn(t, f.user, by)
	require.NoError(t, f.DeleteClient(t.Context(), oauth.Operator, by.Pairs[0].ID))
	_, err := f.Principal(t.Context(), tokens.AccessToken)
	require.ErrorIs(t, err, oauth.ErrInvalidToken)
	_, err = f.refresh(t, tokens.RefreshToken, noClient)
	require.ErrorIs(t, err, oauth.ErrRefresh)
	requireFault(t, f.DeleteClient(t.Context(), oauth.Operator, by.Pairs[0].ID), fault.NotFound, "")
}

// Without its scopes, a client's secret could be rotated, so taking them away requires them.
func TestNarrowClientRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	powerful := newClient("powerful")
	powerful.Scopes = []string{"users:write"}
	before, _, err := f.CreateClient(t.Context(), oauth.Operator, powerful)
	require.NoError(t, err)
	for _, p := range []oauth.ClientPatch{
		{Scopes: &[]string{"profile"}}, {Scopes: &[]string{}}, {Grants: &[]string{oauth.GrantPassword}}, {Active: new(bool)}, {},
	} {
		_, err := f.UpdateClient(t.Context(), reader, "powerful", p)
		requireFault(t, err, fault.InsufficientScope, "")
		stored, err := f.Client(t.Context(), "powerful")
		require.NoError(t, err)
		require.ElementsMatch(t, before.Grants, stored.Grants, "nothing is changed")
		require.Equal(t, before.Scopes, stored.Scopes, "nothing is changed")
		require.True(t, stored.Active)
	}
	_, err = f.UpdateClient(t.Context(), reader, "powerful", oauth.ClientPatch{Grants: &[]string{}})
	requireFault(t, err, oauth.InvalidClientMetadata, "/grants")
}

// The id of a deleted client can be registered anew, so deleting one requires the client's scopes.
func TestDeleteClientRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	powerful := newClient("powerful")
	powerful.Scopes = []string{"users:write"}
	forUsers := newClient("for-users")
	forUsers.Scopes, forUsers.Grants = powerful.Scopes, []string{oauth.GrantPassword}
	for _, c := range []oauth.Client{powerful, forUsers} {
		_, _, err := f.CreateClient(t.Context(), oauth.Operator, c)
		require.NoError(t, err)
	}
	requireFault(t, f.DeleteClient(t.Context(), reader, "powerful"), fault.InsufficientScope, "")
	require.Equal(t, audit.ClientCreated, f.lastEvent(t).Action, "a change that is refused has no event")
	_, err := f.Client(t.Context(), "powerful")
	require.NoError(t, err)
	require.NoError(t, f.DeleteClient(t.Context(), reader, "for-users"), "without a user, it gets no scopes")
	for _, id := range []string{"nobody", "", "a b", oauth.PublicClientID} {
		requireFault(t, f.DeleteClient(t.Context(), oauth.Authority{}, id), fault.NotFound, "")
	}
}
