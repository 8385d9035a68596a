package account_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

const someID = "6f1c2b9e-0a4d-4e57-8a36-2f9a7f2d1c11"

// stored returns all users by username key.
func (f *fixture) stored(t *testing.T) map[string]account.User {
	t.Helper()
	users, _, err := f.store.Store.ListUsers(t.Context(), account.Query{Limit: 10_000})
	require.NoError(t, err)
	byKey := map[string]account.User{}
	for _, u := range users {
		byKey[u.UsernameKey] = u
	}
	return byKey
}

func TestImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	created := time.Date(2019, 5, 6, 9, 8, 9, 500, time.FixedZone("", 7200))
	faults, err := f.Import(audit.ByOperator(t.Context()), []account.Record{
		{
			ID: strings.ToUpper(someID), Username: "Ann", Email: "Ann@Example.org", EmailVerified: true, Name: "Ann A.",
			Picture: "https://example.org/a.png", Roles: []string{account.RoleUser, account.RoleModerator, account.RoleUser}, Active: ptr(false),
			DisabledUntil: noon.Add(time.Hour), PasswordHash: "hash:a", CreatedAt: created, UpdatedAt: created,
		},
		{Username: "bob", Email: "bob@example.org", Password: "bo\u0301bs long one"},
		{Username: "cy", Email: "cy@example.org", Roles: []string{}},
	}, false)
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil, nil}, faults)

	users := f.stored(t)
	created = time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC)
	require.Equal(t, account.User{
		ID: someID, Username: "Ann", UsernameKey: "ann", Email: "Ann@Example.org", EmailKey: "ann@example.org",
		EmailVerified: true, DisabledUntil: noon.Add(time.Hour), Name: "Ann A.", Picture: "https://example.org/a.png",
		PasswordHash: "hash:a", Roles: []string{account.RoleModerator, account.RoleUser}, Scopes: []string{"profile", "users:read"},
		CreatedAt: created, UpdatedAt: created,
	}, users["ann"])
	require.Equal(t, "hash:b\u00f3bs long one", users["bob"].PasswordHash, "the password is hashed in NFC")
	require.True(t, users["bob"].Active)
	require.Equal(t, []string{account.RoleUser}, users["bob"].Roles)
	require.Equal(t, noon, users["bob"].CreatedAt)
	require.Empty(t, users["cy"].Roles)
	require.Empty(t, users["cy"].PasswordHash)
	event := f.event(t)
	require.Equal(t, audit.UserImported, event.Action)
	require.Equal(t, "operator", event.Actor)
	require.Empty(t, f.messages(t), "imported users get no email")
}

// Importing an exported record gives the same user again.
func TestRecordOf(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ann := f.addUser(t, "Ann", withRoles(account.RoleModerator, account.RoleUser), unconfirmed, disabledUntil(time.Hour))
	bob := f.addUser(t, "Bob", withRoles())
	other := newFixture(t)
	faults, err := other.Import(t.Context(), []account.Record{account.RecordOf(ann), account.RecordOf(bob)}, false)
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil}, faults)
	require.Equal(t, f.stored(t), other.stored(t))
}

var importCases = map[string]struct {
	edit    func(*account.Record)
	code    fault.Code // empty: accepted
	pointer string
}{
	"valid":                       {edit: func(*account.Record) {}},
	"no username":                 {edit: func(r *account.Record) { r.Username = "" }},
	"username with a NUL":         {edit: func(r *account.Record) { r.Username = "a\x00b" }, code: account.InvalidUsername, pointer: "/username"},
	"email address as username":   {edit: func(r *account.Record) { r.Username = "a@b" }, code: account.InvalidUsername, pointer: "/username"},
	"no email address":            {edit: func(r *account.Record) { r.Email = "" }, code: account.InvalidEmail, pointer: "/email"},
	"line break in the address":   {edit: func(r *account.Record) { r.Email = "a@b\n" }, code: account.InvalidEmail, pointer: "/email"},
	"line break in the name":      {edit: func(r *account.Record) { r.Name = "a\nb" }, code: fault.InvalidRequest, pointer: "/name"},
	"picture too long":            {edit: func(r *account.Record) { r.Picture = strings.Repeat("a", 2049) }, code: fault.InvalidRequest, pointer: "/picture"},
	"not a UUID":                  {edit: func(r *account.Record) { r.ID = "17" }, code: fault.InvalidRequest, pointer: "/id"},
	"UUID in braces":              {edit: func(r *account.Record) { r.ID = "{" + someID + "}" }, code: fault.InvalidRequest, pointer: "/id"},
	"invalid role":                {edit: func(r *account.Record) { r.Roles = []string{"admin\x1b[31m"} }, code: account.UnknownRole, pointer: "/roles"},
	"unknown role":                {edit: func(r *account.Record) { r.Roles = []string{"ROLE_NOBODY"} }, code: account.UnknownRole, pointer: "/roles"},
	"disabled until, but active":  {edit: func(r *account.Record) { r.DisabledUntil = noon }, code: fault.InvalidRequest, pointer: "/disabled_until"},
	"disabled until":              {edit: func(r *account.Record) { r.DisabledUntil, r.Active = noon, ptr(false) }},
	"created before 1970":         {edit: func(r *account.Record) { r.CreatedAt = time.Unix(-1, 0) }, code: fault.InvalidRequest, pointer: "/created_at"},
	"created by another clock":    {edit: func(r *account.Record) { r.CreatedAt = noon.Add(time.Hour) }},
	"created in the future":       {edit: func(r *account.Record) { r.CreatedAt = noon.Add(25 * time.Hour) }, code: fault.InvalidRequest, pointer: "/created_at"},
	"updated in the future":       {edit: func(r *account.Record) { r.UpdatedAt = noon.Add(25 * time.Hour) }, code: fault.InvalidRequest, pointer: "/updated_at"},
	"unknown hash":                {edit: func(r *account.Record) { r.PasswordHash = "md5$x" }, code: fault.InvalidRequest, pointer: "/password_hash"},
	"a hash and a password":       {edit: func(r *account.Record) { r.PasswordHash, r.Password = "hash:a", "long enough a one" }, code: fault.InvalidRequest, pointer: "/password"},
	"short password":              {edit: func(r *account.Record) { r.Password = "short" }, code: account.WeakPassword, pointer: "/password"},
	"common password":             {edit: func(r *account.Record) { r.Password = "common-one" }, code: account.WeakPassword, pointer: "/password"},
	"password like the username":  {edit: func(r *account.Record) { r.Username, r.Password = "annabella", "Annabella" }, code: account.WeakPassword, pointer: "/password"},
	"hash, whatever the password": {edit: func(r *account.Record) { r.PasswordHash = "hash:a" }},
}

// An invalid record does not prevent the others. A dry run finds the same faults and stores nothing.
func TestImportFaults(t *testing.T) {
	t.Parallel()
	for name, c := range importCases {
		for _, dryRun := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, dry run %v", name, dryRun), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				r := account.Record{Username: "ann", Email: "ann@example.org"}
				c.edit(&r)
				faults, err := f.Import(t.Context(), []account.Record{r, {Username: "bob", Email: "bob@example.org"}}, dryRun)
				require.NoError(t, err)
				require.Len(t, faults, 2)
				requireFault(t, faults[0], c.code, c.pointer)
				require.NoError(t, faults[1])
				switch {
				case dryRun:
					require.Empty(t, f.stored(t))
					require.Empty(t, f.store.batches)
				case c.code == "":
					require.Len(t, f.stored(t), 2)
				default:
					require.Len(t, f.stored(t), 1)
				}
			})
		}
	}
}

// A repeated import creates no user twice, and distinguishes users that exist from conflicts.
func TestImportAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	records := []account.Record{
		{Username: "ann", Email: "ann@example.org", ID: someID},
		{Username: "bob", Email: "bob@example.org", Password: "bob's long one"},
		{Username: "cy", Email: "cy@example.org"},
	}
	_, err := f.Import(t.Context(), records, false)
	require.NoError(t, err)
	before := f.stored(t)
	require.Len(t, before, 3)

	again := slices.Concat(records, []account.Record{
		{Username: "ANN", Email: "Ann@Example.org"},                         // Ann in other case
		{Username: "ann", Email: "other@example.org"},                       // Ann's username
		{Username: "other", Email: "bob@example.org"},                       // Bob's email address
		{Username: "bob", Email: "cy@example.org"},                          // of two users
		{Username: "zoe", Email: "zoe@example.org", ID: someID},             // Ann's id
		{Username: "bob", Email: "b@example.org", Password: "a secret one"}, // Bob's username
	})
	for _, dryRun := range []bool{true, false} {
		faults, err := f.Import(t.Context(), again, dryRun)
		require.NoError(t, err)
		for i := range 4 {
			require.ErrorIs(t, faults[i], account.ErrRecordExists, i)
		}
		require.ErrorIs(t, faults[4], account.ErrUsernameTaken)
		require.ErrorIs(t, faults[5], account.ErrEmailTaken)
		require.ErrorIs(t, faults[6], account.ErrUsernameTaken)
		require.ErrorContains(t, faults[7], "this id is taken")
		require.ErrorIs(t, faults[8], account.ErrUsernameTaken)
		require.Equal(t, before, f.stored(t))
	}
}

// The same user twice in one batch is one user.
func TestImportTwiceInABatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	faults, err := f.Import(t.Context(), []account.Record{
		{Username: "ann", Email: "ann@example.org"},
		{Username: "Ann", Email: "ann@example.org"},
		{Username: "ann", Email: "ann2@example.org"},
	}, false)
	require.NoError(t, err)
	require.NoError(t, faults[0])
	require.ErrorIs(t, faults[1], account.ErrRecordExists)
	require.ErrorIs(t, faults[2], account.ErrUsernameTaken)
	require.Len(t, f.stored(t), 1)
}

func TestImportBatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	records := make([]account.Record, 1201)
	for i := range records {
		records[i] = account.Record{Username: fmt.Sprintf("user%d", i), Email: fmt.Sprintf("user%d@example.org", i)}
	}
	records[3].Email = "none"
	faults, err := f.Import(t.Context(), records, false)
	require.NoError(t, err)
	require.Len(t, faults, 1201)
	requireFault(t, faults[3], account.InvalidEmail, "/email")
	require.Equal(t, []int{499, 500, 201}, f.store.batches)
	require.Len(t, f.events(t), 3, "one event per batch")
}

// An outage is no fault of a record: the import ends, and can be run again.
func TestImportOutage(t *testing.T) {
	t.Parallel()
	for _, outage := range []error{fault.ErrUnavailable, context.Canceled} {
		for method, r := range map[string]account.Record{
			"ImportUsers":    {Username: "ann", Email: "ann@example.org"},
			"UserByID":       {Username: "ann", Email: "ann@example.org", ID: someID},
			"UserByUsername": {Username: "ann", Email: "ann@example.org", Password: "a long enough one"},
		} {
			f := newFixture(t)
			f.store.fail[method] = outage
			faults, err := f.Import(t.Context(), []account.Record{r}, false)
			require.ErrorIs(t, err, outage, method)
			require.Empty(t, faults, method)
		}
	}
}

// A million users without ids and passwords must not cost a query each.
func TestImportReads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.Import(t.Context(), []account.Record{{Username: "ann", Email: "ann@example.org", PasswordHash: "hash:a"}}, false)
	require.NoError(t, err)
	require.Empty(t, f.store.reads)
}

// A record without a username gets one. When it is imported again, its id or email address identifies it.
func TestImportGeneratesUsernames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	records := []account.Record{{Email: "ann@example.org"}, {Email: "Bob@example.org", ID: someID}, {Email: "cy@example.org", Password: "a long enough one"}}
	results, err := f.Import(t.Context(), records, false)
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil, nil}, results)
	before := f.stored(t)
	require.Len(t, before, 3)
	for _, u := range before {
		require.Regexp(t, `^user-[a-z]{8}$`, u.Username)
		require.Equal(t, u.Username, u.UsernameKey)
	}
	for _, dryRun := range []bool{true, false} {
		results, err := f.Import(t.Context(), append(slices.Clone(records), account.Record{Email: "ANN@example.org"}), dryRun)
		require.NoError(t, err)
		for i, result := range results {
			require.ErrorIs(t, result, account.ErrRecordExists, i)
		}
		require.Equal(t, before, f.stored(t))
	}
}
