package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Whoever has a copy of the database has no credential: no value of any text or binary column, in
// any of the usual spellings, works as a token, a client's secret or a password.
func TestDumpHoldsNoCredential(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		v := openVault(t, at)
		dump := at.dump(t)
		hash := sha256.Sum256([]byte(v.secret))
		require.Contains(t, dump, string(hash[:]), "the dump reaches binary columns")
		require.Contains(t, dump, v.user.PasswordHash, "and texts")
		require.Greater(t, len(dump), 40)
		tries := 0
		for value := range dump {
			for _, guess := range spellings(value) {
				require.Empty(t, v.opens(t, guess), "%q", guess)
				tries++
			}
		}
		t.Logf("%d values, %d guesses", len(dump), tries)
		// The real ones open it: what is tried above can succeed.
		require.Equal(t, "access token", v.opens(t, v.access))
		require.Equal(t, "client secret", v.opens(t, v.secret))
		require.Equal(t, "password", v.opens(t, devPassword("ann")))
		require.Equal(t, "refresh token", v.opens(t, v.refresh))
	})
}

// vault is the service on a database with one of everything.
type vault struct {
	*application
	user                    account.User
	access, refresh, secret string
	quickHash               string // of the user's password
}

const vaultClient = "web"

func openVault(t *testing.T, at place) *vault {
	t.Helper()
	ctx := t.Context()
	db, err := openMigrated(ctx, config.Database{URL: at.database})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	app, err := assemble(ctx, config.Serve{
		Issuer: testIssuer, Secrets: [][]byte{[]byte(oldSecret)}, Algorithm: "ES256", TokenType: "at+jwt", Database: config.Database{MinPassword: 8, DataDir: t.TempDir()},
		AccessTTL: time.Hour, SessionIdle: 24 * time.Hour, SessionMax: 48 * time.Hour, RefreshGrace: time.Minute, PublicClient: true,
	}, db, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	app.tokens.Limits = noLimits{app.limits}
	v := &vault{application: app, quickHash: quickHash(devPassword("ann"))}

	v.user, err = app.accounts.Create(ctx, account.NewUser{Username: "ann", Email: "ann@example.com", Password: devPassword("ann"), Name: "Ann Example"})
	require.NoError(t, err)
	v.user, err = db.UserByID(ctx, v.user.ID)
	require.NoError(t, err)
	_, v.secret, err = app.tokens.CreateClient(ctx, oauth.Operator, oauth.Client{
		ID: vaultClient, Name: "Web", FirstParty: true, Grants: []string{oauth.GrantPassword, oauth.GrantRefresh, oauth.GrantClient}})
	require.NoError(t, err)
	for _, from := range []oauth.Credentials{{}, {Pairs: []oauth.Pair{{ID: vaultClient, Secret: v.secret}}}} {
		got, err := app.tokens.Token(ctx, oauth.TokenRequest{
			GrantType: oauth.GrantPassword, Username: "ann", Password: devPassword("ann"), Client: from,
			Caller: oauth.Caller{Address: "192.0.2.1", UserAgent: "a browser"}})
		require.NoError(t, err)
		v.access, v.refresh = got.AccessToken, got.RefreshToken
	}
	wait, err := app.limits.BeginLogin(ctx, "192.0.2.1", "ann", "a wrong one") // so that the limits have rows
	require.NoError(t, err)
	require.Zero(t, wait)
	return v
}

// noLimits lets guesses pass that are counted otherwise.
type noLimits struct{ oauth.Limiter }

func (noLimits) FailClient(context.Context, string, string) (time.Duration, error) { return 0, nil }

// opens says what a guess works as, if anything.
func (v *vault) opens(t *testing.T, guess string) string {
	t.Helper()
	ctx := t.Context()
	if _, err := v.tokens.Principal(ctx, guess); err == nil {
		return "access token"
	}
	asWeb := oauth.Credentials{Pairs: []oauth.Pair{{ID: vaultClient, Secret: guess}}}
	if _, err := v.tokens.AuthenticateClient(ctx, asWeb, ""); err == nil {
		return "client secret"
	}
	for _, by := range []oauth.Credentials{{}, {Pairs: []oauth.Pair{{ID: vaultClient, Secret: v.secret}}}} {
		if _, err := v.tokens.Token(ctx, oauth.TokenRequest{GrantType: oauth.GrantRefresh, RefreshToken: guess, Client: by}); err == nil {
			return "refresh token"
		}
	}
	quick := v.user
	quick.PasswordHash = v.quickHash
	err := v.accounts.Authenticate(ctx, quick, guess)
	if err == nil {
		return "password"
	}
	require.ErrorIs(t, err, account.ErrInvalidCredentials) // it was looked at, and is none
	return ""
}

// quickHash is an argon2id hash (RFC 9106) that costs next to nothing: hundreds of guesses are made at it.
func quickHash(password string) string {
	salt := []byte("sixteen of bytes")
	tag := argon2.IDKey([]byte(password), salt, 1, 64, 1, 32)
	return fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(tag))
}

// spellings are the forms in which somebody would try a value.
func spellings(value string) []string {
	raw := []byte(value)
	encoded := base64.RawURLEncoding.EncodeToString(raw)
	all := []string{value, hex.EncodeToString(raw), encoded, base64.StdEncoding.EncodeToString(raw), "rt_" + encoded, "cs_" + encoded}
	if decoded, err := base64.RawURLEncoding.DecodeString(value); err == nil {
		all = append(all, string(decoded))
	}
	return all
}

// dump gives every value of every text and binary column, and the parts of lists.
func (p place) dump(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	keep := func(values []any) {
		for _, value := range values {
			switch value := value.(type) {
			case string:
				found[value] = true
				for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(`[]{}",:$ `, r) }) {
					found[part] = true
				}
			case []byte:
				found[string(value)] = true
			case []any:
				for _, one := range value {
					if text, ok := one.(string); ok {
						found[text] = true
					}
				}
			case [16]byte: // a UUID
				found[string(value[:])] = true
			}
		}
	}
	if path, ok := strings.CutPrefix(p.database, "sqlite:"); ok {
		dumpSQLite(t, path, keep)
	} else {
		dumpPostgres(t, p.database, keep)
	}
	delete(found, "")
	return found
}

func dumpSQLite(t *testing.T, path string, keep func([]any)) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	for _, table := range column(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table'`) {
		dumpTable(t, db, table, keep)
	}
}

func dumpTable(t *testing.T, db *sql.DB, table string, keep func([]any)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+table)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	require.NoError(t, err)
	for rows.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		require.NoError(t, rows.Scan(targets...))
		keep(values)
	}
	require.NoError(t, rows.Err())
}

func column(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var one string
		require.NoError(t, rows.Scan(&one))
		all = append(all, one)
	}
	require.NoError(t, rows.Err())
	return all
}

func dumpPostgres(t *testing.T, url string, keep func([]any)) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	rows, err := conn.Query(t.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, table := range tables {
		rows, err := conn.Query(t.Context(), `SELECT * FROM `+table)
		require.NoError(t, err)
		for rows.Next() {
			values, err := rows.Values()
			require.NoError(t, err)
			keep(values)
		}
		require.NoError(t, rows.Err())
	}
}
