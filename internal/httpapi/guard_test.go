package httpapi

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
)

// While the demo routes are off they return 404, even the guarded ones.
func TestDemoRoutesOff(t *testing.T) {
	t.Parallel()
	_, handler := newServer(t)
	for _, path := range []string{"/api/test/all", "/api/test/admin", "/api/auth/users/me/items"} {
		response := get(t, handler, path)
		require.Equal(t, http.StatusNotFound, response.Code, path)
		require.Empty(t, response.Header().Get(echo.HeaderWWWAuthenticate))
	}
}
