package httpapi

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a request costs around its operation, without net/http and the network.
func BenchmarkMiddleware(b *testing.B) {
	s, err := New(Options{Issuer: testIssuer, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Observe: func(Observation) {}})
	require.NoError(b, err)
	handler, err := s.Handler()
	require.NoError(b, err)
	request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/healthz", nil)
	b.ReportAllocs()
	for b.Loop() {
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if response.Code != http.StatusOK {
			b.Fatal(response.Code)
		}
	}
}
