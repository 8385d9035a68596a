package httpapi

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
)

// In development the page names the version of a release. That of the API is beside its description.
func TestIndexVersion(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t)
	page := func(w *Welcome) string {
		s.Welcome = w
		var page bytes.Buffer
		require.NoError(t, indexPage.Execute(&page, s.indexData(api.Index{Name: "Latchkey", Version: "2.3.4"})))
		require.Contains(t, page.String(), `API description</a>, version 2.3.4<`)
		return page.String()
	}
	users := []WelcomeUser{{Username: "user"}}
	require.Contains(t, page(&Welcome{Users: users, Version: "5.6.7"}), "<h1>Latchkey <small>5.6.7</small></h1>")
	require.Contains(t, page(&Welcome{Users: users}), "<h1>Latchkey</h1>")
	require.Contains(t, page(nil), "<h1>Latchkey</h1>")
}

// GET / is a page for browsers and JSON for others.
func TestIndex(t *testing.T) {
	t.Parallel()
	_, handler := newServer(t)
	for accept, page := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "application/json, text/html": false, "text/html;q=0": false, ",;": false,
		"text/html": true, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true, "text/html, application/json": true,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		got := httptest.NewRecorder()
		handler.ServeHTTP(got, r)
		require.Equal(t, http.StatusOK, got.Code, accept)
		require.Contains(t, got.Header().Values("Vary"), "Accept")
		if !page {
			require.Equal(t, "application/json", got.Header().Get("Content-Type"), accept)
			require.Contains(t, got.Body.String(), `"name":"Latchkey"`)
			continue
		}
		require.Equal(t, "text/html; charset=UTF-8", got.Header().Get("Content-Type"), accept)
		require.Contains(t, got.Header().Get("Content-Security-Policy"), "default-src 'none'")
		require.NotRegexp(t, `(?i)<style|style=|<script>|\son[a-z]+=|https?:`, got.Body.String(), "forbidden by the policy")
		icon := regexp.MustCompile(`<link rel="icon" href="(.+)">`).FindStringSubmatch(got.Body.String())
		require.NotNil(t, icon, "browsers would ask for /favicon.ico")
		require.Equal(t, "image/svg+xml", get(t, handler, "/"+icon[1]).Header().Get("Content-Type"))
	}
}
