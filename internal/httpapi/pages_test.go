package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The pages that emails link to need nothing that their Content-Security-Policy forbids.
func TestPages(t *testing.T) {
	t.Parallel()
	_, handler := newServer(t)
	for path, mediaType := range map[string]string{
		"/account/verify": "text/html", "/account/reset": "text/html",
		"/account/page.js": "text/javascript", "/account/page.css": "text/css",
	} {
		response := get(t, handler, path)
		require.Equal(t, http.StatusOK, response.Code, path)
		require.True(t, strings.HasPrefix(response.Header().Get("Content-Type"), mediaType), response.Header())
		policy := response.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.Contains(t, policy, "frame-ancestors 'none'")
		require.NotContains(t, policy, "unsafe")
		if mediaType == "text/html" {
			require.NotRegexp(t, `(?i)<style|style=|<script>|\son[a-z]+=|https?:`, response.Body.String(), "forbidden by the policy")
			require.Contains(t, response.Body.String(), `data-api="../api/auth/`)
		}
	}
	require.Equal(t, http.StatusNotFound, get(t, handler, "/account/pages.go").Code)
	require.Equal(t, http.StatusNotFound, get(t, handler, "/account/").Code)
}
