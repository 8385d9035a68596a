package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/alecthomas/kong"

	"github.com/latchkey-auth/latchkey/internal/config"
)

type serveCommand struct {
	config.Serve `embed:""`
}

// Help is the detail of `latchkey serve --help`.
func (*serveCommand) Help() string {
	return "A setting is read from its flag, else from its environment variable, else from a .env file in the working directory. " +
		"The secrets LATCHKEY_SECRET and LATCHKEY_SMTP_PASSWORD have no flag, because flags are visible in the process list.\n\n" + examples(
		"latchkey serve --dev",
		"latchkey serve --issuer https://auth.example.com --secret-file /etc/latchkey/secret",
	)
}

// Run serves until ctx ends, then finishes the requests in progress.
func (c *serveCommand) Run(ctx context.Context, std stdio, command *kong.Context, file config.FileVariables) error {
	settings := c.Serve
	if err := settings.Resolve(); err != nil {
		return settingsError{err}
	}
	lines := newLogBuffer(std.err)
	defer func() { _ = lines.flush() }()
	log := newLog(settings, lines)

	// 1. Listen first, so that a port in use does not cause a migration.
	listener, err := listen(ctx, &settings)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	files, err := openCertificate(settings, log)
	if err != nil {
		return err
	}
	watch, err := observe(ctx, settings, log)
	if err != nil {
		return err
	}
	defer watch.stop(ctx)
	// 2. Generate the secret in development.
	if err := useDevSecret(&settings); err != nil {
		return err
	}
	// 3. Open and migrate the database. While it is away, respond that this replica is not ready.
	door := &door{log: log, listener: listener, certificate: files, issuer: settings.Issuer}
	defer door.close()
	db, err := openServed(withQueryTracer(ctx, watch.telemetry.QueryTracer()), settings, log, door.openStarting)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() //nolint:contextcheck // ctx has ended by then
	// 4. Wire the components.
	service, err := assemble(ctx, settings, shownSettings(command, file, settings), db, watch, log)
	if err != nil {
		return err
	}
	service.certificate = files
	watch.watch(service, db)
	defer func() { _ = service.close(ctx) }()
	if err := prepareDev(ctx, std.out, settings, service); err != nil {
		return err
	}
	// 5. Start the background tasks. They stop after the last request and before the database closes.
	tasks := append(service.tasks(), task{name: "database state", every: time.Second, timeout: 5 * time.Second, work: db.state.keep})
	_ = service.tokens.RefreshRevocations(ctx) // so that those who follow the list need not try twice
	stop := background(context.WithoutCancel(ctx), log, watch, tasks...)
	defer stop()
	tuneProcess(ctx, log)
	db.failFast() //nolint:contextcheck // it lasts as long as the database
	if err := door.open(service); err != nil {
		return err
	}
	log.InfoContext(ctx, "listening", "address", listener.Addr().String(), "issuer", settings.Issuer)
	return serve(ctx, door, service, settings.DrainDelay, log)
}

// listen opens the listener. In development it sets the issuer, if there is none, to the listener's URL.
func listen(ctx context.Context, settings *config.Serve) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", settings.Listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; set LATCHKEY_LISTEN to another address", settings.Listen, err)
	}
	if settings.Issuer == "" {
		settings.Issuer = loopbackURL(listener.Addr().String(), settings.TLS())
	}
	return listener, nil
}

// serve handles requests until ctx ends. Then it reports not ready, waits for load balancers to
// notice, and finishes the requests in progress.
func serve(ctx context.Context, door *door, service *components, drainDelay time.Duration, log *slog.Logger) error {
	select {
	case err := <-door.failed:
		return err
	case <-ctx.Done():
	}
	service.server.Drain()
	time.Sleep(drainDelay)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := door.server.Shutdown(closing); err != nil {
		return fmt.Errorf("requests still in progress after %v: %w", shutdownTimeout, err)
	}
	if err := <-door.failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	log.InfoContext(closing, "stopped")
	return nil
}

// loopbackURL returns the default issuer in development: the listener's port on localhost.
func loopbackURL(address string, secure bool) string {
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return scheme + address
	}
	return scheme + net.JoinHostPort("localhost", port)
}
