package storetest

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// noon is the time of every fixture.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// noRecord is the record of a change that has no event and no jobs.
var noRecord audit.Change

// NewUser returns a user with unique names, in which every field that a store keeps is set.
func NewUser() account.User {
	tag := hex.EncodeToString(randomBytes(6))
	return account.User{
		ID:            uuid.NewString(),
		Username:      "Ann-" + tag,
		UsernameKey:   "ann-" + tag,
		Email:         "Ann@" + tag + ".example",
		EmailKey:      "ann@" + tag + ".example",
		EmailVerified: true,
		Active:        true,
		DisabledUntil: noon.AddDate(1, 0, 0), // has no effect on an active user
		Name:          "Ann Example",
		Picture:       "https://pictures.example/ann.png",
		PasswordHash:  "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
		Roles:         []string{account.RoleModerator, account.RoleUser},
		Scopes:        []string{"profile", "users:read"},
		Epoch:         7,
		CreatedAt:     noon,
		UpdatedAt:     noon.Add(time.Hour),
	}
}

// adminScopes are the scopes of account.RoleAdmin, sorted.
var adminScopes = []string{
	"audit:read", "clients:read", "clients:write", "hooks:read", "hooks:write", "keys:read", "keys:write", "profile",
	"roles:read", "roles:write", "settings:read", "stats:read", "users:read", "users:write",
}

// asAdmin makes a new user an administrator.
func asAdmin(u *account.User) { u.Roles, u.Scopes = []string{account.RoleAdmin}, adminScopes }

func newSession(u account.User) oauth.Session {
	return oauth.Session{
		ID:            uuid.NewString(),
		FamilyID:      randomBytes(16),
		UserID:        u.ID,
		UserEpoch:     u.Epoch,
		ClientID:      oauth.PublicClientID,
		Scopes:        []string{"profile"},
		Counter:       3,
		RotatedAt:     noon.Add(2 * time.Minute),
		Repeats:       2,
		Address:       "2001:db8::1",
		UserAgent:     "curl/8.0",
		CreatedAt:     noon,
		LastUsedAt:    noon.Add(3 * time.Minute),
		IdleUntil:     noon.Add(time.Hour),
		AbsoluteUntil: noon.Add(2 * time.Hour),
	}
}

// newClientSession returns a session of a client that acts for itself, without a user.
func newClientSession() oauth.Session {
	s := newSession(account.User{})
	s.ClientID = newClient().ID
	return s
}

func newClient() oauth.Client {
	return oauth.Client{
		ID:         "client-" + hex.EncodeToString(randomBytes(6)),
		Name:       "A client",
		Public:     true,
		FirstParty: true,
		Secrets: []oauth.ClientSecret{
			{Hash: randomBytes(32), CreatedAt: noon.Add(time.Minute), ExpiresAt: noon.Add(2 * time.Hour)},
			{Hash: randomBytes(32), CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)},
		},
		Grants:      []string{"refresh_token", "password"},
		Scopes:      []string{"users:read", "profile"},
		Audiences:   []string{"https://b.example", "https://a.example"},
		AccessTTL:   5 * time.Minute,
		SessionIdle: time.Hour,
		SessionMax:  24 * time.Hour,
		Active:      true,
		CreatedAt:   noon,

		TokenAlgorithm: "HS256",
		TokenKeys:      oauth.TokenKeys{Current: randomBytes(64), Next: randomBytes(64), NextFrom: noon.Add(time.Hour)},
		Claims:         `{"b":1,"a":"{{user.id}}"}`,
	}
}

func newKey(generation int64) keyring.SigningKey {
	return keyring.SigningKey{
		ID:         hex.EncodeToString(randomBytes(16)),
		Generation: generation,
		Algorithm:  "ES256",
		Public:     []byte(`{"kty":"EC", "crv":"P-256"}`),
		Sealed:     randomBytes(64),
		CreatedAt:  noon,
		SignsFrom:  noon.Add(time.Hour),
	}
}

func newHook() hook.Hook {
	return hook.Hook{
		ID: uuid.NewString(), URL: "https://example.com/hook?a=b", Active: true, CreatedAt: noon,
		Events: []audit.Action{audit.UserVerified, audit.UserDeleted, audit.UserVerified},
	}
}

func newInactiveHook() hook.Hook {
	h := newHook()
	h.Active = false
	return h
}

func newDelivery(h hook.Hook) hook.Delivery {
	return hook.Delivery{
		ID: uuid.NewString(), HookID: h.ID, Event: audit.UserVerified, Body: []byte("{\"a\":  1}\xff\x00"), Status: hook.Retrying,
		Attempts: 3, Response: 503, Error: "503 Service Unavailable", CreatedAt: noon, TriedAt: noon.Add(time.Minute),
	}
}

func newEvent() audit.Event {
	return audit.Event{
		ID: uuid.NewString(), At: noon, Action: audit.UserUpdated, Outcome: audit.Success, Reason: "because",
		Actor: "ann", ActorID: uuid.NewString(), ClientID: "web", Target: "bob", TargetID: uuid.NewString(),
		Address: "2001:db8::1", UserAgent: "curl/8.0", RequestID: "request-1",
	}
}

func newJob(kind outbox.Kind) outbox.Job {
	return outbox.Job{
		ID: uuid.NewString(), Kind: kind, Payload: []byte(`{"b": 1,  "a": "\u0000é"}`), CreatedAt: noon, NotBefore: noon.Add(time.Minute),
		Attempts: 3, LastError: "it failed",
	}
}

// newChange returns the record of a change with an event and two jobs.
func newChange() audit.Change {
	return audit.Change{Event: newEvent(), Jobs: []outbox.Job{newJob(outbox.Email), newJob(outbox.WebhookEvent)}}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// otherIDs returns texts that are not the id, including other forms of the same UUID.
func otherIDs(id string) []string {
	return []string{"", "x", uuid.NewString(), strings.ToUpper(id), "{" + id + "}", strings.ReplaceAll(id, "-", ""), id + "\x00"}
}
