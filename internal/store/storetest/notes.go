package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

func newEvent() audit.Event {
	return audit.Event{
		ID: newUUID(), At: noon, Action: audit.UserUpdated, Outcome: audit.Success, Reason: "because",
		Actor: "ann", ActorID: newUUID(), ClientID: "web", Target: "bob", TargetID: newUUID(),
		Address: "2001:db8::1", UserAgent: "curl/8.0", RequestID: "request-1",
	}
}

func newJob(kind outbox.Kind) outbox.Job {
	return outbox.Job{
		ID: newUUID(), Kind: kind, Payload: []byte(`{"b": 1,  "a": "\u0000é"}`), CreatedAt: noon, NotBefore: noon.Add(time.Minute),
		Attempts: 3, LastError: "it failed",
	}
}

func newNote() audit.Note {
	return audit.Note{Event: newEvent(), Jobs: []outbox.Job{newJob(outbox.Letter), newJob(outbox.Notice)}}
}

// requireKept fails unless the store holds of n the event and just the jobs of those kinds.
func requireKept(t *testing.T, w World, n audit.Note, kinds ...outbox.Kind) {
	t.Helper()
	event := n.Event
	require.Equal(t, []audit.Event{event}, events(t, w, event.ID))
	var got []outbox.Kind
	for _, j := range allJobs(t, w) {
		if slices.ContainsFunc(n.Jobs, func(of outbox.Job) bool { return of.ID == j.ID }) {
			got = append(got, j.Kind)
		}
	}
	require.ElementsMatch(t, kinds, got)
}

// requireForgotten fails if the store holds anything of n.
func requireForgotten(t *testing.T, w World, n audit.Note) {
	t.Helper()
	require.Empty(t, events(t, w, n.Event.ID))
	for _, j := range allJobs(t, w) {
		require.False(t, slices.ContainsFunc(n.Jobs, func(of outbox.Job) bool { return of.ID == j.ID }), j.Kind)
	}
}

// events gives those with an id.
func events(t *testing.T, w World, id string) []audit.Event {
	t.Helper()
	all, err := w.Events(t.Context(), audit.Query{Limit: 10_000})
	require.NoError(t, err)
	return slices.DeleteFunc(all, func(e audit.Event) bool { return e.ID != id })
}

// allJobs gives all jobs, and leaves them due.
func allJobs(t *testing.T, w World) []outbox.Job {
	t.Helper()
	jobs, err := w.ClaimJobs(t.Context(), noon.AddDate(10, 0, 0), 0, 10_000)
	require.NoError(t, err)
	return jobs
}

// refusal is a call that changes nothing. want is nil where that is no error.
type refusal struct {
	why  string
	do   func(audit.Note) error
	want error
}

// noted is a method that keeps a note: a call that makes its change, and those that make none.
type noted func(t *testing.T, w World) (made func(audit.Note) error, refusals []refusal)

func testNotes(t *testing.T, open func(*testing.T) World) {
	tests := map[string]func(*testing.T, World){"hooks": notesForHooks, "none": notesNone, "odd texts": notesTexts}
	for _, group := range []map[string]noted{notedUsers, notedTokens, notedSessions, notedClients} {
		for name, method := range group {
			tests[name] = func(t *testing.T, w World) { noteOf(t, w, method) }
		}
	}
	cases(t, open, tests)
}

// noteOf: the note is there if and only if the change is.
func noteOf(t *testing.T, w World, method noted) {
	made, refusals := method(t, w)
	for _, r := range refusals {
		n := newNote()
		if err := r.do(n); r.want == nil {
			require.NoError(t, err, r.why)
		} else {
			require.ErrorIs(t, err, r.want, r.why)
		}
		requireForgotten(t, w, n)
	}
	n := newNote()
	requireFilled(t, n)
	require.NoError(t, made(n))
	requireKept(t, w, n, outbox.Letter) // no hook is there to be told
}

var notedUsers = map[string]noted{
	"CreateUser": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		first := mustCreate(t, w, nil)
		create := func(edit func(*account.User)) func(audit.Note) error {
			u := NewUser()
			edit(&u)
			return func(n audit.Note) error { return w.CreateUser(t.Context(), u, n) }
		}
		return create(func(*account.User) {}), []refusal{
			{"name", create(func(u *account.User) { u.UsernameKey = first.UsernameKey }), account.ErrUsernameTaken},
			{"address", create(func(u *account.User) { u.EmailKey = first.EmailKey }), account.ErrEmailTaken},
			{"role", create(func(u *account.User) { u.Roles = []string{"ROLE_NONE"} }), account.ErrUnknownRole},
			{"id", create(func(u *account.User) { u.ID = first.ID }), oauth.ErrExists},
		}
	},
	"UpdateUser": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		u, other := mustCreate(t, w, admin), mustCreate(t, w, nil)
		off, name := false, "new"
		update := func(id string, p account.UserPatch) func(audit.Note) error {
			return func(n audit.Note) error { return w.UpdateUser(t.Context(), id, p, noon, n) }
		}
		return update(u.ID, account.UserPatch{Name: &name}), []refusal{
			{"nobody", update(newUUID(), account.UserPatch{Name: &name}), account.ErrNotFound},
			{"name", update(u.ID, account.UserPatch{UsernameKey: &other.UsernameKey}), account.ErrUsernameTaken},
			{"address", update(u.ID, account.UserPatch{EmailKey: &other.EmailKey}), account.ErrEmailTaken},
			{"admin", update(u.ID, account.UserPatch{Active: &off, EndSessions: true}), account.ErrLastAdmin},
		}
	},
	"DeleteUser": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		last, u := mustCreate(t, w, admin), mustCreate(t, w, nil)
		del := func(id string) func(audit.Note) error {
			return func(n audit.Note) error { return w.DeleteUser(t.Context(), id, noon, n) }
		}
		return del(u.ID), []refusal{{"nobody", del(newUUID()), account.ErrNotFound}, {"admin", del(last.ID), account.ErrLastAdmin}}
	},
	"GrantRole": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		u := mustCreate(t, w, nil)
		grant := func(id, role string) func(audit.Note) error {
			return func(n audit.Note) error { return w.GrantRole(t.Context(), id, role, noon, n) }
		}
		return grant(u.ID, account.RoleAdmin), []refusal{
			{"nobody", grant(newUUID(), account.RoleAdmin), account.ErrNotFound},
			{"role", grant(u.ID, "ROLE_NONE"), account.ErrUnknownRole},
			{"has it", grant(u.ID, account.RoleUser), nil},
		}
	},
	"RevokeRole": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		last, u := mustCreate(t, w, admin), mustCreate(t, w, nil)
		revoke := func(id, role string) func(audit.Note) error {
			return func(n audit.Note) error { return w.RevokeRole(t.Context(), id, role, noon, n) }
		}
		return revoke(u.ID, account.RoleUser), []refusal{
			{"nobody", revoke(newUUID(), account.RoleUser), account.ErrNotFound},
			{"role", revoke(u.ID, "ROLE_NONE"), account.ErrUnknownRole},
			{"has it not", revoke(u.ID, account.RoleAdmin), nil},
			{"admin", revoke(last.ID, account.RoleAdmin), account.ErrLastAdmin},
		}
	},
	"ImportUsers": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		u := mustCreate(t, w, nil)
		load := func(users ...account.User) func(audit.Note) error {
			return func(n audit.Note) error { _, err := w.ImportUsers(t.Context(), users, n); return err }
		}
		return load(u, NewUser(), NewUser()), []refusal{{"all are there", load(u), nil}, {"nobody", load(), nil}}
	},
	"PutRole": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		return func(n audit.Note) error { return w.PutRole(t.Context(), account.Role{Name: "ROLE_NEW"}, n) }, nil
	},
	"DeleteRole": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		require.NoError(t, w.PutRole(t.Context(), account.Role{Name: "ROLE_NEW"}, none))
		del := func(name string) func(audit.Note) error {
			return func(n audit.Note) error { return w.DeleteRole(t.Context(), name, n) }
		}
		return del("ROLE_NEW"), []refusal{
			{"none", del("ROLE_NONE"), account.ErrUnknownRole}, {"builtin", del(account.RoleUser), account.ErrBuiltinRole},
		}
	},
}

var notedTokens = map[string]noted{
	"UseEmailToken": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
		good := mustToken(t, w, u, account.PurposeVerify, nil)
		wrong := mustToken(t, w, other, account.PurposeReset, nil)
		taken := mustToken(t, w, other, account.PurposeVerify, func(tok *account.Token) { tok.EmailKey = u.EmailKey })
		use := func(hash []byte, at time.Time) func(audit.Note) error {
			return func(n audit.Note) error { return w.UseEmailToken(t.Context(), hash, at, n) }
		}
		return use(good.Hash, noon), []refusal{
			{"none", use(random(32), noon), account.ErrNotFound}, {"late", use(good.Hash, good.ExpiresAt), account.ErrNotFound},
			{"purpose", use(wrong.Hash, noon), account.ErrNotFound}, {"taken", use(taken.Hash, noon), account.ErrEmailTaken},
		}
	},
	"UseResetToken": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		u := mustCreate(t, w, nil)
		good := mustToken(t, w, u, account.PurposeReset, nil)
		wrong := mustToken(t, w, u, account.PurposeVerify, nil)
		use := func(hash []byte, at time.Time) func(audit.Note) error {
			return func(n audit.Note) error { return w.UseResetToken(t.Context(), hash, "new", at, n) }
		}
		return use(good.Hash, noon), []refusal{
			{"none", use(random(32), noon), account.ErrNotFound}, {"late", use(good.Hash, good.ExpiresAt), account.ErrNotFound},
			{"purpose", use(wrong.Hash, noon), account.ErrNotFound},
		}
	},
}

var notedSessions = map[string]noted{
	"CreateSession": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		u := mustCreate(t, w, nil)
		first, stale, same, good := mustSignIn(t, w, u, nil), newSession(u), newSession(u), newSession(u)
		stale.UserEpoch--
		same.ID = first.ID
		create := func(s oauth.Session) func(audit.Note) error {
			return func(n audit.Note) error { return w.CreateSession(t.Context(), s, n) }
		}
		return create(good), []refusal{{"epoch", create(stale), account.ErrNotFound}, {"exists", create(same), oauth.ErrExists}}
	},
	"RevokeSession": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		u := mustCreate(t, w, nil)
		s, dead := mustSignIn(t, w, u, nil), mustSignIn(t, w, u, func(s *oauth.Session) { *s = ended(*s, noon, "test") })
		revoke := func(id, user string) func(audit.Note) error {
			return func(n audit.Note) error { return w.RevokeSession(t.Context(), id, user, "test", noon, n) }
		}
		return revoke(s.ID, ""), []refusal{
			{"none", revoke(newUUID(), ""), account.ErrNotFound}, {"not his", revoke(s.ID, newUUID()), account.ErrNotFound},
			{"revoked", revoke(dead.ID, ""), nil},
		}
	},
	"RevokeSessions": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		u, other := mustCreate(t, w, nil), mustCreate(t, w, nil)
		s := mustSignIn(t, w, u, nil)
		mustSignIn(t, w, other, func(s *oauth.Session) { *s = ended(*s, noon, "test") })
		revoke := func(user, except string) func(audit.Note) error {
			return func(n audit.Note) error {
				_, err := w.RevokeSessions(t.Context(), user, except, "test", noon, n)
				return err
			}
		}
		return revoke(u.ID, ""), []refusal{
			{"nobody", revoke(newUUID(), ""), nil}, {"the only one", revoke(u.ID, s.ID), nil}, {"none live", revoke(other.ID, ""), nil},
		}
	},
}

var notedClients = map[string]noted{
	"CreateClient": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		c, again := newClient(), newClient()
		require.NoError(t, w.CreateClient(t.Context(), again, none))
		create := func(c oauth.Client) func(audit.Note) error {
			return func(n audit.Note) error { return w.CreateClient(t.Context(), c, n) }
		}
		return create(c), []refusal{{"exists", create(again), oauth.ErrExists}}
	},
	"UpdateClient": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		c, off := newClient(), false
		require.NoError(t, w.CreateClient(t.Context(), c, none))
		update := func(id string) func(audit.Note) error {
			return func(n audit.Note) error {
				return w.UpdateClient(t.Context(), id, oauth.ClientPatch{Active: &off}, noon, n)
			}
		}
		return update(c.ID), []refusal{{"none", update("none"), account.ErrNotFound}}
	},
	"DeleteClient": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		c := newClient()
		require.NoError(t, w.CreateClient(t.Context(), c, none))
		del := func(id string) func(audit.Note) error {
			return func(n audit.Note) error { return w.DeleteClient(t.Context(), id, noon, n) }
		}
		return del(c.ID), []refusal{{"none", del("none"), account.ErrNotFound}}
	},
	"RotateClientSecret": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		c := newClient()
		require.NoError(t, w.CreateClient(t.Context(), c, none))
		rotate := func(id string, hash []byte) func(audit.Note) error {
			secret := oauth.ClientSecret{Hash: hash, CreatedAt: noon.Add(time.Hour)}
			return func(n audit.Note) error { return w.RotateClientSecret(t.Context(), id, secret, noon, n) }
		}
		return rotate(c.ID, random(32)), []refusal{
			{"none", rotate("none", random(32)), account.ErrNotFound}, {"exists", rotate(c.ID, c.Secrets[0].Hash), oauth.ErrExists},
		}
	},
	"CreateHook": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		h, again := newHook(), newHook()
		h.Active, again.Active = false, false
		require.NoError(t, w.CreateHook(t.Context(), again, none))
		create := func(h hook.Hook) func(audit.Note) error {
			return func(n audit.Note) error { return w.CreateHook(t.Context(), h, n) }
		}
		return create(h), []refusal{{"exists", create(again), oauth.ErrExists}}
	},
	"DeleteHook": func(t *testing.T, w World) (func(audit.Note) error, []refusal) {
		h := newHook()
		h.Active = false
		require.NoError(t, w.CreateHook(t.Context(), h, none))
		del := func(id string) func(audit.Note) error {
			return func(n audit.Note) error { return w.DeleteHook(t.Context(), id, n) }
		}
		return del(h.ID), []refusal{{"none", del(newUUID()), account.ErrNotFound}, {"no id", del("x"), account.ErrNotFound}}
	},
}

// notesForHooks: a notice is kept if an active hook is there to be told.
func notesForHooks(t *testing.T, w World) {
	u, h := mustCreate(t, w, nil), newHook()
	sleeping := newHook()
	sleeping.Active = false
	require.NoError(t, w.CreateHook(t.Context(), sleeping, none))
	for i, step := range []struct {
		before func() error
		kinds  []outbox.Kind
	}{
		{func() error { return nil }, []outbox.Kind{outbox.Letter}},
		{func() error { return w.CreateHook(t.Context(), h, none) }, []outbox.Kind{outbox.Letter, outbox.Notice}},
		{func() error { return w.DeleteHook(t.Context(), h.ID, none) }, []outbox.Kind{outbox.Letter}},
	} {
		require.NoError(t, step.before())
		n := newNote()
		require.NoError(t, w.CreateSession(t.Context(), newSession(u), n))
		requireKept(t, w, n, step.kinds...)
		n = newNote()
		require.NoError(t, setProfile(t, w, u.ID, newUUID(), n), i)
		requireKept(t, w, n, step.kinds...)
		require.NoError(t, w.Enqueue(t.Context(), newJob(outbox.Notice)), "what is asked for is kept in any case")
	}
	notices := slices.DeleteFunc(allJobs(t, w), func(j outbox.Job) bool { return j.Kind != outbox.Notice })
	require.Len(t, notices, 5)
}

func setProfile(t *testing.T, w World, id, name string, n audit.Note) error {
	t.Helper()
	return w.UpdateUser(t.Context(), id, account.UserPatch{Name: &name}, noon, n)
}

func notesNone(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	mustSignIn(t, w, u, nil)
	got, err := w.Events(t.Context(), audit.Query{Limit: 9})
	require.NoError(t, err)
	require.Empty(t, got)
	require.Empty(t, allJobs(t, w))
}

// notesTexts: what was sent from outside is told of, whatever it is.
func notesTexts(t *testing.T, w World) {
	for sent, want := range map[string]string{"a\x00b": "a\uFFFDb", "a\xff": "a\uFFFD", `\u0000"'`: `\u0000"'`, "🗝️": "🗝️"} {
		e := newEvent()
		e.Target, e.UserAgent, e.Reason = sent, sent, sent
		require.NoError(t, w.AppendEvent(t.Context(), e))
		e.Target, e.UserAgent, e.Reason = want, want, want
		require.Equal(t, []audit.Event{e}, events(t, w, e.ID))
	}
}
