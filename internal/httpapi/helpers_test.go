package httpapi

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

const testIssuer = "https://auth.example.com"

// newServer returns a server without accounts, clients and keys, and its handler.
func newServer(t *testing.T) (*Server, http.Handler) {
	t.Helper()
	s, err := New(Options{Issuer: testIssuer, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	handler, err := s.Handler()
	require.NoError(t, err)
	return s, handler
}

// get sends a GET request to the handler and returns the response.
func get(t *testing.T, handler http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return response
}
