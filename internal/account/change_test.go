package account_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// The actor of a change is who makes the request; without one, the user acts for itself.
func TestChangeActor(t *testing.T) {
	t.Parallel()
	ann := account.User{ID: "ann-id", Username: "Ann"}
	for name, c := range map[string]struct {
		actor    audit.Actor
		name, id string
	}{
		"nobody":        {name: "Ann", id: "ann-id"},
		"administrator": {actor: audit.Actor{Name: "root", ID: "root-id", ClientID: "web"}, name: "root", id: "root-id"},
		"operator":      {actor: audit.Actor{Name: "operator"}, name: "operator"},
	} {
		change := account.NewChange(audit.With(t.Context(), &c.actor), noon, audit.UserUpdated, ann)
		require.Equal(t, c.name, change.Event.Actor, name)
		require.Equal(t, c.id, change.Event.ActorID, name)
		require.Equal(t, "Ann", change.Event.Target, name)
		require.Equal(t, "ann-id", change.Event.TargetID, name)
		require.Equal(t, c.actor.ClientID, change.Event.ClientID, name)
	}
}

func TestChangeJobs(t *testing.T) {
	t.Parallel()
	ann := account.User{ID: "ann-id", Username: "Ann", Email: "Ann@example.org", PasswordHash: "hash:secret"}
	c := account.NewChange(t.Context(), noon, audit.PasswordChanged, ann,
		account.Message{Kind: account.MessagePasswordChanged, UserID: "ann-id"})
	require.Len(t, c.Jobs, 2)
	require.Equal(t, outbox.WebhookEvent, c.Jobs[0].Kind)
	require.JSONEq(t, `{"type":"user.password_changed","timestamp":"2026-03-01T12:00:00Z",
		"data":{"user_id":"ann-id","username":"Ann","email":"Ann@example.org"}}`, string(c.Jobs[0].Payload))
	require.Equal(t, outbox.Email, c.Jobs[1].Kind)
	require.JSONEq(t, `{"kind":"password-changed","user_id":"ann-id"}`, string(c.Jobs[1].Payload))
	for _, j := range c.Jobs {
		require.Equal(t, noon, j.NotBefore, "the job is due at once")
	}
	require.NotEqual(t, c.Jobs[0].ID, c.Jobs[1].ID)
}

// The event of a role names the role: to the audit log as its reason, to webhooks in its data.
func TestRoleChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.store.HookActive = true
	ann := f.addUser(t, "Ann")
	require.NoError(t, f.Grant(t.Context(), everyScope, ann.ID, account.RoleModerator))
	require.NoError(t, f.Grant(t.Context(), everyScope, ann.ID, account.RoleModerator))
	event := f.event(t) // the second grant changes nothing
	require.Equal(t, audit.RoleGranted, event.Action)
	require.Equal(t, account.RoleModerator, event.Reason)
	jobs := f.jobs(t, outbox.WebhookEvent)
	require.Len(t, jobs, 1)
	require.JSONEq(t, `{"type":"user.role_granted","timestamp":"2026-03-01T12:00:00Z","data":{"user_id":"`+ann.ID+`",
		"username":"Ann","email":"Ann@example.org","role":"ROLE_MODERATOR"}}`, string(jobs[0].Payload))

	require.NoError(t, f.Revoke(t.Context(), everyScope, ann.ID, account.RoleModerator))
	require.NoError(t, f.Revoke(t.Context(), everyScope, ann.ID, account.RoleModerator))
	require.Len(t, f.events(t), 2)
	require.Equal(t, []string{account.RoleUser}, f.user(t, ann.ID).Roles)
}
