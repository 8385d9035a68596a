package mail

import (
	"context"
	"encoding/json"
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

func TestInboxAPI(t *testing.T) {
	t.Parallel()
	inbox, _ := openInbox(t)
	api := InboxAPI(inbox, "/mail", slog.New(slog.DiscardHandler))
	send := func(method, path, site string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, nil)
		r.Header.Set("Sec-Fetch-Site", site)
		api.ServeHTTP(w, r)
		return w
	}
	list := func() (list inboxList) {
		w := send(http.MethodGet, "/mail", "same-origin")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &list))
		return list
	}
	empty := list()
	require.Empty(t, empty.Items)
	require.Equal(t, http.StatusNoContent, send(http.MethodGet, "/mail?since="+empty.Version, "same-origin").Code)
	m := hello
	m.ID, m.Subject = "one", "<script>alert(1)</script>"
	require.NoError(t, inbox.Send(t.Context(), m))
	require.Equal(t, http.StatusOK, send(http.MethodGet, "/mail?since="+empty.Version, "same-origin").Code)
	require.Equal(t, []inboxHeader{{m.ID, m.To, m.Date, m.Subject}}, list().Items)

	var one Message
	require.NoError(t, json.Unmarshal(send(http.MethodGet, "/mail/one", "same-origin").Body.Bytes(), &one))
	require.Equal(t, m, one)
	html := send(http.MethodGet, "/mail/one/html", "same-origin")
	require.Equal(t, `<base target="_blank">`+m.HTML, html.Body.String())
	require.Contains(t, html.Header().Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, html.Header().Get("Content-Security-Policy"), "sandbox")
	for _, path := range []string{"/mail/other", "/mail/..%2Fone", "/mail/other/html"} {
		require.Equal(t, http.StatusNotFound, send(http.MethodGet, path, "same-origin").Code, path)
	}

	require.Equal(t, http.StatusForbidden, send(http.MethodDelete, "/mail", "cross-site").Code)
	require.Len(t, list().Items, 1)
	require.Equal(t, http.StatusNoContent, send(http.MethodDelete, "/mail", "same-origin").Code)
	require.Equal(t, empty, list())
}
