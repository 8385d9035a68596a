package httpapi_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
)

// lockedText is a text that several goroutines write.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// When a store or the hasher panics, no secret of the request is in the response or in the log, even at
// level debug.
func TestPanicsHideSecrets(t *testing.T) {
	t.Parallel()
	var log lockedText
	o := options()
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server := start(t, o)
	spec, err := parsedContract()
	require.NoError(t, err)
	var canaries apitest.Canaries
	all, err := canaries.Requests(spec, server, "Basic d2ViOng=")
	require.NoError(t, err)
	statuses := map[int]int{}
	for _, c := range all {
		response, err := http.DefaultClient.Do(c.Request.WithContext(t.Context()))
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Empty(t, canaries.Found(string(body)+fmt.Sprint(response.Header)), "the response of %s", c.Operation)
		statuses[response.StatusCode]++
	}
	require.Greater(t, statuses[http.StatusInternalServerError], 5, "%v", statuses)
	log.mu.Lock()
	defer log.mu.Unlock()
	require.Contains(t, log.text.String(), "msg=panic")
	require.Empty(t, canaries.Found(log.text.String()))
}
