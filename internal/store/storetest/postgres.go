package storetest

import (
	"context"
	"encoding/hex"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// PostgresURL creates an empty schema on the server of TEST_DATABASE_URL and returns its URL. It drops
// the schema at the end of the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" {
		t.Fatal("TEST_DATABASE_URL is not set: run `make test`, which finds or starts a PostgreSQL server")
	}
	u, err := url.Parse(server)
	require.NoError(t, err)
	schema := "test_" + hex.EncodeToString(randomBytes(8))
	execOnServer(t, server, `CREATE SCHEMA `+schema)
	t.Cleanup(func() { execOnServer(t, server, `DROP SCHEMA `+schema+` CASCADE`) })
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // as libpq reads it
	return u.String()
}

// execOnServer runs one statement on a new connection. It does not use the context of the test, which
// has ended when the cleanup runs.
func execOnServer(t testing.TB, server, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, err)
}
