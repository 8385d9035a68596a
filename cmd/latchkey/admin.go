package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"time"

	"github.com/latchkey-auth/latchkey/internal/loopback"
)

// adminServer serves operators: metrics, profiles and the build. It has no authentication, so it
// listens on loopback unless the settings name another address.
type adminServer struct {
	server *http.Server
	ended  chan struct{}
}

// adminWriteTimeout is longer than the default profile of 30 seconds.
const adminWriteTimeout = 2 * time.Minute

// startAdmin listens on an address and serves until stop.
func startAdmin(ctx context.Context, address string, metrics http.Handler, log *slog.Logger) (*adminServer, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; set LATCHKEY_ADMIN_LISTEN to another address", address, err)
	}
	a := &adminServer{ended: make(chan struct{}), server: &http.Server{
		Handler: adminRoutes(metrics), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: adminWriteTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	go func() {
		defer close(a.ended)
		_ = a.server.Serve(listener) // stop makes it return
	}()
	level := slog.LevelInfo
	if !loopback.Is(address) {
		level = slog.LevelWarn
	}
	log.Log(ctx, level, "metrics are served without authentication", "address", listener.Addr().String())
	return a, nil
}

func (a *adminServer) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := a.server.Shutdown(ctx); err != nil {
		_ = a.server.Close() // a profile is still being taken
	}
	<-a.ended
}

// adminRoutes has the pages of the admin listener.
func adminRoutes(metrics http.Handler) http.Handler {
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", metrics)
	routes.HandleFunc("GET /buildinfo", writeBuildInfo)
	routes.HandleFunc("GET /debug/pprof/", pprof.Index)
	routes.HandleFunc("GET /debug/pprof/cmdline", http.NotFound) // flags can name files and hosts
	routes.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	routes.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	routes.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return routes
}

func writeBuildInfo(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{
		"version": version, "revision": revision(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
	})
}
