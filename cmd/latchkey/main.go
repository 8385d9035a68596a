// Command latchkey is the token service and the tools around it.
//
// This is the only place that knows which implementation is used: it reads the settings, opens a
// store, and wires the rooms together.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/latchkey-auth/latchkey/internal/config"
)

// Exit codes: a fault of the settings is told from one of the work.
const (
	exitFailed   = 1
	exitSettings = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// streams are what a command talks to.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// commands is the grammar of the program.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Run the service."`
	Migrate     migrateCommands    `cmd:"" help:"Bring the database's schema up or down."`
	User        userCommands       `cmd:"" help:"Create, list and change users, grant and revoke roles."`
	Role        roleCommands       `cmd:"" help:"List, change and delete roles."`
	Client      clientCommands     `cmd:"" help:"Register, list and delete clients, rotate their secrets."`
	Key         keyCommands        `cmd:"" help:"List, rotate and revoke signing keys."`
	Hook        hookCommands       `cmd:"" help:"Register webhooks, see and replay what they were told."`
	Audit       auditCommand       `cmd:"" help:"Who did what, newest first, failures included."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Healthcheck healthcheckCommand `cmd:"" hidden:"" help:"Ask the running service whether it is alive."`
}

// settingsError is a fault of the settings, as opposed to one of the work.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

// run is the whole program but for the process around it. It gives the exit code.
func run(ctx context.Context, args []string, io streams) int {
	err := execute(ctx, args, io)
	var settings settingsError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &settings):
		_, _ = fmt.Fprintf(io.err, "latchkey: %v\n", err)
		return exitSettings
	default:
		_, _ = fmt.Fprintf(io.err, "latchkey: %v\n", err)
		return exitFailed
	}
}

func execute(ctx context.Context, args []string, io streams) error {
	if err := config.LoadDotEnv(); err != nil {
		return settingsError{err}
	}
	var cli commands
	exited := false
	parser, err := kong.New(&cli,
		kong.Name("latchkey"),
		kong.Description("An OAuth2 token service for first-party applications."),
		kong.UsageOnError(),
		kong.Writers(io.out, io.err),
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if exited { // help was asked for, and has been given
		return nil
	}
	if err != nil {
		return settingsError{fmt.Errorf("%w (see `latchkey --help`)", err)}
	}
	if err := config.CheckEnvironment(parser.Model, os.Environ()); err != nil {
		return settingsError{err}
	}
	return command.Run()
}
