package e2e

import (
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// SIGTERM closes the listener and lets the requests under way finish.
func TestGracefulShutdown(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	address := strings.TrimPrefix(s.url, "http://")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	const body = "grant_type=password&username=user&password=user-dev-password"
	_, err = fmt.Fprintf(conn, "POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body[:10])
	require.NoError(t, err)
	s.get(t, "/healthz", "") // connections are accepted in order: the server has accepted the one above

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return !accepts(t, address) }, waitTimeout, 10*time.Millisecond)
	_, err = io.WriteString(conn, body[10:])
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(waitTimeout)))
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(got), "HTTP/1.1 200 OK")
	require.Contains(t, string(got), `"access_token"`)
	require.NoError(t, s.wait())
	require.Contains(t, s.log.String(), "msg=stopped")
}

func accepts(t *testing.T, address string) bool {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}
