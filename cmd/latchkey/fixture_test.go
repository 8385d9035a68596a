package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// world opens a place as the program does, puts things in and closes it again.
func world(t *testing.T, at place, fill func(ctx context.Context, db database)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	db, err := openMigrated(ctx, config.Database{URL: at.database})
	require.NoError(t, err)
	defer db.Close()
	fill(ctx, db)
}

// stockClients registers the clients that the vectors name.
func stockClients(ctx context.Context, t *testing.T, db database) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	age := 2 * time.Hour // of the older of two secrets
	passwordGrant := []string{oauth.GrantPassword}
	secret := func(text string, expires time.Time) oauth.ClientSecret {
		hash := sha256.Sum256([]byte(text))
		age -= time.Second
		return oauth.ClientSecret{Hash: hash[:], CreatedAt: now.Add(-age), ExpiresAt: expires}
	}
	one := func(text string) []oauth.ClientSecret { return []oauth.ClientSecret{secret(text, time.Time{})} }
	refresh := []string{oauth.GrantPassword, oauth.GrantRefresh}
	itself := []string{oauth.GrantClient}
	for _, c := range []oauth.Client{
		{ID: "swagger-ui", Secrets: one("s+x %"), Grants: passwordGrant, Active: true},
		{ID: "web", Secrets: one("s%x+"), Grants: refresh, Active: true},
		{ID: "spa", Public: true, Grants: refresh, Active: true},
		{ID: "robot", Secrets: one("robot-secret"), Grants: itself, Active: true},
		{ID: "worker", Secrets: one("worker-secret"), Grants: itself, Scopes: []string{"users:read", "profile"}, Active: true},
		{ID: "blind", Secrets: one("blind-secret"), Grants: passwordGrant, Audiences: []string{"https://other.example"}, Active: true},
		{ID: "narrow", Secrets: one("narrow-secret"), Grants: passwordGrant, Scopes: []string{"profile"}, AccessTTL: time.Minute, Active: true},
		{ID: "closed", Secrets: one("closed-secret"), Grants: passwordGrant},
		{ID: "patched", Public: true, Grants: passwordGrant, Active: true},
		{ID: "doomed", Public: true, Grants: passwordGrant, Active: true},
		{ID: "renewable", Secrets: one("renewable-secret"), Grants: passwordGrant, Active: true},
		{ID: "rotating", Grants: passwordGrant, Active: true, Secrets: []oauth.ClientSecret{
			secret("old-secret", now.Add(time.Hour)), secret("new-secret", time.Time{})}},
		{ID: "renewed", Grants: passwordGrant, Active: true, Secrets: []oauth.ClientSecret{
			secret("old-secret", now.Add(-time.Second)), secret("new-secret", time.Time{})}},
	} {
		c.Name, c.FirstParty, c.CreatedAt = c.ID, true, now
		require.NoError(t, db.CreateClient(ctx, c, audit.Note{}), c.ID)
	}
}

// stockRoles creates roles beside the seeded ones.
func stockRoles(ctx context.Context, t *testing.T, db database) {
	t.Helper()
	for name, scopes := range map[string][]string{
		"ROLE_KEEPER": {"clients:read", "clients:write", "profile", "roles:read", "roles:write"}, "ROLE_DOOMED": {},
		"ROLE_MANAGER": {"profile", "users:read", "users:write"},
	} {
		require.NoError(t, db.PutRole(ctx, account.Role{Name: name, Scopes: scopes}, audit.Note{}), name)
	}
}

// stockUsers creates the users that the vectors name, beside those of development.
func stockUsers(ctx context.Context, t *testing.T, db database) {
	t.Helper()
	stockRoles(ctx, t, db)
	accounts, err := newAccounts(db, accountOptions{minPassword: 6, log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	for name, password := range map[string]string{
		"appendix-b": " %&+£€", // RFC 6749 appendix B
		"José":       "café-am-abend",
	} {
		_, err := accounts.Create(ctx, account.NewUser{Username: name, Email: name + "@example.org", Password: password})
		require.NoError(t, err, name)
	}
	for name, role := range map[string]string{
		"disabled": account.RoleUser, "rita": account.RoleModerator, "keeper": "ROLE_KEEPER", "single": account.RoleUser,
		"target": account.RoleUser, "leaver": account.RoleUser, "quitter": account.RoleUser,
		"manager": "ROLE_MANAGER", "plain": "", "self": "", "renamer": "", "mover": "", "changer": "", "exporter": "", "goner": "",
		"letters": "", "edited": "", "paused": "", "repassworded": "", "removed": "", "forced": "", "granted": "", "audited": "",
	} {
		if role == "" {
			role = account.RoleUser
		}
		_, err := accounts.Create(ctx, account.NewUser{
			Username: name, Email: name + "@example.org", Password: devPassword(name), Roles: []string{role}})
		require.NoError(t, err, name)
	}
	require.NoError(t, db.CreateUser(ctx, rawUser("passwordless", ""), audit.Note{}))
}

// rawUser is a row as another program might have left it.
func rawUser(name, hash string) account.User {
	now := time.Now().UTC().Truncate(time.Second)
	return account.User{
		ID: account.NewID(), Username: name, UsernameKey: name, Email: name + "@example.org", EmailKey: name + "@example.org",
		Active: true, PasswordHash: hash, Roles: []string{account.RoleUser}, CreatedAt: now, UpdatedAt: now,
	}
}

// statement runs SQL beside the server. Texts that hold for both engines alone.
func (p place) statement(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if path, ok := strings.CutPrefix(p.database, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
		require.NoError(t, err)
		defer func() { _ = db.Close() }()
		_, err = db.ExecContext(ctx, text)
		require.NoError(t, err)
		return
	}
	conn, err := pgx.Connect(ctx, p.database)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, text)
	require.NoError(t, err)
}

// disable switches a user off, as an administrator would.
func (p place) disable(t *testing.T, username string) {
	t.Helper()
	p.statement(t, `UPDATE users SET active = NOT active WHERE username_key = '`+username+`'`)
}
