package mail

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func openInbox(t *testing.T) (*Inbox, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "inbox")
	inbox, err := OpenInbox(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, inbox.Close()) })
	return inbox, dir
}

func numbered(n int) Message {
	m := hello
	m.ID, m.Date = fmt.Sprintf("message-%03d", n), hello.Date.Add(time.Duration(n)*time.Second)
	return m
}

func TestInboxStoresMessages(t *testing.T) {
	t.Parallel()
	inbox, dir := openInbox(t)
	for _, n := range []int{2, 3, 1, 3} { // message 3 is sent twice
		require.NoError(t, inbox.Send(t.Context(), numbered(n)))
	}
	all, err := inbox.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []Message{numbered(3), numbered(2), numbered(1)}, all)
	one, err := inbox.Read(t.Context(), "message-002")
	require.NoError(t, err)
	require.Equal(t, numbered(2), one)

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "other files are left in the directory")
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
}

func TestInboxKeepsTheNewest(t *testing.T) {
	t.Parallel()
	inbox, _ := openInbox(t)
	var senders sync.WaitGroup
	for n := range inboxLimit + 5 {
		senders.Go(func() { _ = inbox.Send(context.Background(), numbered(n)) })
	}
	senders.Wait()
	all, err := inbox.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, inboxLimit)
	require.Equal(t, numbered(inboxLimit+4), all[0])
	require.Equal(t, numbered(5), all[inboxLimit-1])
}

func TestInboxStaysInItsDirectory(t *testing.T) {
	t.Parallel()
	inbox, dir := openInbox(t)
	outside := filepath.Join(filepath.Dir(dir), "outside.json")
	require.NoError(t, os.WriteFile(outside, []byte(`{"subject":"secret"}`), 0o600))
	for _, id := range []string{"../outside", "..%2foutside", "", ".", "/etc/passwd", "none", "a/../../outside"} {
		_, err := inbox.Read(t.Context(), id)
		require.ErrorIs(t, err, fault.ErrNotFound, id)
	}
	m := hello
	m.ID = "../outside"
	require.Error(t, inbox.Send(t.Context(), m))
}

func TestInboxRespectsContext(t *testing.T) {
	t.Parallel()
	inbox, _ := openInbox(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, inbox.Send(ctx, hello), context.Canceled)
	_, err := inbox.Read(ctx, hello.ID)
	require.ErrorIs(t, err, context.Canceled)
	all, err := inbox.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestInboxPage(t *testing.T) {
	t.Parallel()
	inbox, _ := openInbox(t)
	page := InboxPage(inbox, "/dev/mail", slog.New(slog.DiscardHandler))
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	require.Contains(t, get("/dev/mail").Body.String(), "No emails yet")
	m := hello
	m.ID, m.Subject = "one", "<script>alert(1)</script>"
	require.NoError(t, inbox.Send(t.Context(), m))

	list := get("/dev/mail")
	require.Contains(t, list.Body.String(), `href="/dev/mail/one"`)
	require.NotContains(t, list.Body.String(), "<script")

	message := get("/dev/mail/one")
	require.Contains(t, message.Body.String(),
		`<a href="https://example.com/account/verify#token=et_abc_def-ghi">https://example.com/account/verify#token=et_abc_def-ghi</a>`)
	require.NotContains(t, message.Body.String(), "<script")
	for _, w := range []*httptest.ResponseRecorder{list, message} {
		require.Equal(t, http.StatusOK, w.Code)
		policy := w.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'; style-src 'sha256-")
		require.NotContains(t, policy, "unsafe")
		require.NotContains(t, policy, "script-src")
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
		require.Contains(t, w.Body.String(), "<style>"+pageStyle+"</style>", "the policy has the hash of another style")
	}
	html := get("/dev/mail/one/html")
	require.Equal(t, m.HTML, html.Body.String())
	require.Contains(t, html.Header().Get("Content-Security-Policy"), "sandbox")

	require.Equal(t, http.StatusNotFound, get("/dev/mail/other").Code)
	require.Equal(t, http.StatusNotFound, get("/dev/mail/..%2Fone").Code)
}
