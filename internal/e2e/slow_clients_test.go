package e2e

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The server closes a connection whose request header does not arrive within two seconds.
func TestSlowRequestHeader(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	begin := time.Now()
	_, err = io.WriteString(conn, "POST /token HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(begin.Add(waitTimeout)))
	_, err = io.ReadAll(conn)
	var timeout net.Error
	require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "still open after %v", waitTimeout)
	require.Less(t, time.Since(begin), 7*time.Second)
}
