package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
)

type serveCommand struct {
	config.Serve `embed:""`
}

// Help stands under the settings in `latchkey serve --help`.
func (serveCommand) Help() string {
	return "Every setting is read from its flag, its environment variable or a .env file, in this order. " +
		"The master secret LATCHKEY_SECRET has no flag, since flags can be seen in the list of processes."
}

// Run serves until ctx ends, then finishes what has begun.
func (c *serveCommand) Run(ctx context.Context, io streams) error {
	settings := c.Serve
	if err := settings.Resolve(); err != nil {
		return settingsError{err}
	}
	log := newLog(settings, io.err)

	// 1. The listener comes first: an occupied port shall not cost a migration.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", settings.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; set LATCHKEY_LISTEN to another address", settings.Listen, err)
	}
	defer func() { _ = listener.Close() }()
	if settings.Issuer == "" {
		settings.Issuer = loopbackURL(listener.Addr())
	}
	// 2. What development makes by itself.
	if err := prepareDev(&settings); err != nil {
		return err
	}
	// 3. The database, at its newest schema.
	db, err := openMigrated(ctx, settings.Database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	// 4. The rooms.
	app, err := assemble(ctx, settings, db, log)
	if err != nil {
		return err
	}
	defer func() { _ = app.close() }()
	if settings.Dev {
		if err := seed(ctx, app.accounts); err != nil {
			return err
		}
		greet(io.out, settings.Issuer, app.letters.inbox != nil)
	}
	// 5. What is done beside the requests: until the last of them, and before the database closes.
	stop := background(context.WithoutCancel(ctx), log, app.tasks()...)
	defer stop()
	log.InfoContext(ctx, "listening", "address", listener.Addr().String(), "issuer", settings.Issuer)
	return serve(ctx, listener, app, settings.DrainDelay, log)
}

// The figures of the HTTP server: slow clients are cut, large headers refused.
const (
	readHeaderTimeout = 2 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 15 * time.Second
	idleTimeout       = time.Minute
	shutdownTimeout   = 20 * time.Second
	maxHeaderBytes    = 16 << 10
	maxStreams        = 100 // of one HTTP/2 connection
)

// serve answers requests until ctx ends. Then it reports not ready, waits for the load balancer to
// see it, and finishes the requests that are under way.
func serve(ctx context.Context, listener net.Listener, app *application, drain time.Duration, log *slog.Logger) error {
	handler, err := app.server.Handler()
	if err != nil {
		return err
	}
	app.letters.serveInbox(handler)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler: handler, Protocols: &protocols, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	app.server.Drain()
	time.Sleep(drain)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		return fmt.Errorf("requests were still under way after %v: %w", shutdownTimeout, err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	log.InfoContext(closing, "stopped")
	return nil
}

// loopbackURL is the issuer of development: the listener under the name that people type.
func loopbackURL(address net.Addr) string {
	_, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return "http://" + address.String()
	}
	return "http://" + net.JoinHostPort("localhost", port)
}

// newLog writes to standard error; standard output is for people.
func newLog(settings config.Serve, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(settings.LogLevel)) // the grammar allows known levels alone
	options := &slog.HandlerOptions{Level: level}
	if settings.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
