package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
)

func TestPagesOfLetters(t *testing.T) {
	t.Parallel()
	e := echo.New()
	new(Server).servePages(e)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	for path, kind := range map[string]string{
		"/account/verify": "text/html", "/account/reset": "text/html",
		"/account/page.js": "text/javascript", "/account/page.css": "text/css",
	} {
		w := get(path)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.True(t, strings.HasPrefix(w.Header().Get("Content-Type"), kind), w.Header())
		policy := w.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.Contains(t, policy, "frame-ancestors 'none'")
		require.NotContains(t, policy, "unsafe")
		if kind == "text/html" {
			require.NotRegexp(t, `(?i)<style|style=|<script>|\son[a-z]+=|https?:`, w.Body.String(), "something that the policy refuses")
			require.Contains(t, w.Body.String(), `data-call="../api/auth/`)
		}
	}
	require.Equal(t, http.StatusNotFound, get("/account/pages.go").Code)
	require.Equal(t, http.StatusNotFound, get("/account/").Code)
}
