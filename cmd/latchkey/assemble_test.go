package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of readValues
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/password"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// A copy of the database holds no credential: no value of any column, in any usual encoding, works as
// a token, a client secret or a password.
func TestDatabaseHoldsNoCredential(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]string{
		"postgres": storetest.PostgresURL(t), "sqlite": "sqlite:" + filepath.Join(t.TempDir(), "latchkey.db"),
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := issueCredentials(t, url)
			values := readValues(t, url)
			hash := sha256.Sum256([]byte(c.secret))
			require.Contains(t, values, string(hash[:]), "binary columns are read")
			require.Contains(t, values, c.user.PasswordHash, "text columns are read")
			require.Greater(t, len(values), 40)
			for value := range values {
				for _, guess := range encodings(value) {
					require.Empty(t, c.accepts(t, guess), "%q", guess)
				}
			}
			// The credentials themselves are accepted: the check above can fail.
			require.Equal(t, "access token", c.accepts(t, c.access))
			require.Equal(t, "client secret", c.accepts(t, c.secret))
			require.Equal(t, "password", c.accepts(t, devPassword("ann")))
			require.Equal(t, "refresh token", c.accepts(t, c.refresh))
		})
	}
}

// credentials is an application that has issued one credential of each kind.
type credentials struct {
	*components
	guesses                 *account.Service // on the same database, with hashes that are fast to verify
	user                    account.User
	access, refresh, secret string
	cheapHash               string // of the user's password
	attempts                uint32 // client secrets presented so far
}

// nextAddress returns an IP address that has presented no client secret yet, so that the rate limit
// does not end the test.
func (c *credentials) nextAddress() string {
	c.attempts++
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24+c.attempts))).String()
}

// issueCredentials assembles the application and issues the credentials of the user ann and the client web.
func issueCredentials(t *testing.T, url string) *credentials {
	t.Helper()
	ctx := t.Context()
	db, err := openMigrated(ctx, config.Database{URL: url})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	app, err := assemble(ctx, config.Serve{
		Issuer: "http://localhost:8080", Secrets: [][]byte{[]byte("tq3Vd0aHq9Zx1PzLw7mYbK5sUeR8nGcJ")}, Algorithm: "ES256", TokenType: "at+jwt",
		Database:  config.Database{MinPassword: 8, DataDir: t.TempDir()},
		AccessTTL: time.Hour, SessionIdle: 24 * time.Hour, SessionMax: 48 * time.Hour, RefreshGrace: time.Minute, PublicClient: true,
	}, nil, db, &observers{}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	c := &credentials{components: app, guesses: cheapAccounts(t, app, db), cheapHash: cheapHash(devPassword("ann"))}

	created, err := app.accounts.Create(ctx, account.NewUser{Username: "ann", Email: "ann@example.com", Password: devPassword("ann"), Name: "Ann Example"})
	require.NoError(t, err)
	c.user, err = db.UserByID(ctx, created.ID)
	require.NoError(t, err)
	_, secrets, err := app.tokens.CreateClient(ctx, oauth.Operator, oauth.Client{
		ID: "web", Name: "Web", FirstParty: true, Grants: []string{oauth.GrantPassword, oauth.GrantRefresh, oauth.GrantClient}})
	require.NoError(t, err)
	c.secret = secrets.Secret
	for _, client := range []oauth.Credentials{{}, asWeb(c.secret)} {
		got, err := app.tokens.Token(ctx, oauth.TokenRequest{
			GrantType: oauth.GrantPassword, Username: "ann", Password: devPassword("ann"), Client: client,
			Caller: oauth.Caller{Address: "192.0.2.1", UserAgent: "a browser"}})
		require.NoError(t, err)
		c.access, c.refresh = got.AccessToken, got.RefreshToken
	}
	_, wait, err := app.limits.CountLogin(ctx, "192.0.2.1", "ann", 0, "", "a wrong one") // fills the table of limits
	require.NoError(t, err)
	require.Zero(t, wait)
	return c
}

// asWeb returns the credentials of the client web.
func asWeb(secret string) oauth.Credentials {
	return oauth.Credentials{Pairs: []oauth.Pair{{ID: "web", Secret: secret}}}
}

// accepts returns what a guess is accepted as, or the empty string.
func (c *credentials) accepts(t *testing.T, guess string) string {
	t.Helper()
	ctx := t.Context()
	if _, err := c.tokens.Principal(ctx, guess); err == nil {
		return "access token"
	}
	if _, err := c.tokens.AuthenticateClient(ctx, asWeb(guess), c.nextAddress()); err == nil {
		return "client secret"
	}
	for _, client := range []oauth.Credentials{{}, asWeb(c.secret)} {
		if _, err := c.tokens.Token(ctx, oauth.TokenRequest{GrantType: oauth.GrantRefresh, RefreshToken: guess, Client: client}); err == nil {
			return "refresh token"
		}
	}
	user := c.user
	user.PasswordHash = c.cheapHash
	err := c.guesses.Confirm(ctx, user, account.Attempt{Password: guess, Address: c.nextAddress(), Action: audit.UserSignedIn})
	if err == nil {
		return "password"
	}
	require.ErrorIs(t, err, fault.Errorf(account.WrongPassword, "")) // and no other error
	return ""
}

// cheapParams are the costs of hashes that are fast to verify, for thousands of guesses.
var cheapParams = password.Params{Memory: 64, Time: 1, Threads: 1}

// cheapAccounts returns accounts whose own hashes cost as little as cheapHash. With those of the application a
// wrong guess would cost a hash of the usual cost, to hide that this one is cheaper.
func cheapAccounts(t *testing.T, app *components, db database) *account.Service {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	hasher, err := password.New(password.Options{Params: cheapParams, Weak: true, Log: log})
	require.NoError(t, err)
	directory, err := newDirectory(db, account.DirectoryOptions{MinPassword: 8}, hasher, log)
	require.NoError(t, err)
	accounts, err := account.New(directory, account.Options{Limits: limitsByNetwork{app.limits}})
	require.NoError(t, err)
	return accounts
}

// limitsByNetwork counts attempts by the address and not by the user, so that thousands can be made for one user.
type limitsByNetwork struct{ account.Limiter }

func (l limitsByNetwork) CountLogin(ctx context.Context, address, _ string, epoch int64, device, password string) (any, time.Duration, error) {
	return l.Limiter.CountLogin(ctx, address, address, epoch, device, password)
}

// cheapHash returns an argon2id hash (RFC 9106) with cheapParams.
func cheapHash(password string) string {
	salt := []byte("sixteen of bytes")
	p := cheapParams
	tag := argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, 32)
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Time, p.Threads, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(tag))
}

// encodings returns the forms in which an attacker would present a value.
func encodings(value string) []string {
	raw := []byte(value)
	encoded := base64.RawURLEncoding.EncodeToString(raw)
	all := []string{value, hex.EncodeToString(raw), encoded, base64.StdEncoding.EncodeToString(raw), "rt_" + encoded, "cs_" + encoded}
	if decoded, err := base64.RawURLEncoding.DecodeString(value); err == nil {
		all = append(all, string(decoded))
	}
	return all
}

// readValues returns every text and binary value in the database, their parts, and the bytes of UUIDs.
func readValues(t *testing.T, url string) map[string]bool {
	t.Helper()
	driver, tables := "pgx", `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	if path, found := strings.CutPrefix(url, "sqlite:"); found {
		driver, url, tables = "sqlite", "file:"+path+"?mode=ro", `SELECT name FROM sqlite_schema WHERE type = 'table'`
	}
	db, err := sql.Open(driver, url)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	values := map[string]bool{}
	for _, name := range readTable(t, db, tables) {
		for _, text := range readTable(t, db, `SELECT * FROM `+name) {
			values[text] = true
			if id, err := hex.DecodeString(strings.ReplaceAll(text, "-", "")); err == nil {
				values[string(id)] = true
			}
			for _, separators := range []string{`[]{}", `, `[]{}", :$`} {
				for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
					values[part] = true
				}
			}
		}
	}
	delete(values, "")
	return values
}

// readTable returns the text and binary values that a query selects.
func readTable(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	require.NoError(t, err)
	values, targets := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(targets...))
		for _, value := range values {
			switch value := value.(type) {
			case string:
				all = append(all, value)
			case []byte:
				all = append(all, string(value))
			}
		}
	}
	require.NoError(t, rows.Err())
	return all
}
