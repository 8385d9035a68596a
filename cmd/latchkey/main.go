// Command latchkey is the token service and its administration tool.
//
// Commands stand in files named after what they act on, such as user_create.go and client.go. main.go parses
// the command line, assemble.go wires the packages together, database.go opens the database, and serve.go and door.go
// run the service. Only this package knows which implementations are used.
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
	_ "github.com/latchkey-auth/latchkey/internal/timerslack" // starts `latchkey serve` anew
)

// The exit codes besides 0.
const (
	exitFailed   = 1 // the command failed
	exitSettings = 2 // a flag, argument or environment variable is invalid
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// stdio has the standard streams of a command.
type stdio struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// commands is the grammar of the command line.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Run the service"`
	Migrate     migrateCommands    `cmd:"" help:"Migrate the database schema"`
	User        userCommands       `cmd:"" help:"Manage users and their roles"`
	Role        roleCommands       `cmd:"" help:"Manage roles"`
	Client      clientCommands     `cmd:"" help:"Manage OAuth clients and their secrets"`
	Key         keyCommands        `cmd:"" help:"Manage signing keys"`
	Hook        hookCommands       `cmd:"" help:"Manage webhooks and their deliveries"`
	Session     sessionCommands    `cmd:"" help:"End sessions"`
	Token       tokenCommand       `cmd:"" help:"Print an access token of a user"`
	Explain     explainCommand     `cmd:"" help:"Show what is in an access token, and why it would be rejected"`
	Backup      backupCommand      `cmd:"" help:"Copy a SQLite database while the service runs"`
	Restore     restoreCommand     `cmd:"" help:"Replace a SQLite database by a backup"`
	Audit       auditCommand       `cmd:"" help:"List audit events, newest first"`
	Doctor      doctorCommand      `cmd:"" help:"Check the installation, and say how to mend what is wrong"`
	Completion  completionCommand  `cmd:"" help:"Print a script that completes commands in a shell"`
	Man         manCommand         `cmd:"" help:"Print the manual page"`
	Version     versionCommand     `cmd:"" help:"Print the version"`
	Complete    completeCommand    `cmd:"" hidden:"" help:"Print candidates for a word of the command line"`
	Healthcheck healthcheckCommand `cmd:"" hidden:"" help:"Check that the service on this machine is healthy"`
	Docs        docsCommand        `cmd:"" hidden:"" help:"Write the reference tables of the documentation"`
}

// run executes the command that args name and returns the exit code.
func run(ctx context.Context, args []string, std stdio) int {
	err := execute(ctx, args, std)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(std.err, "latchkey: %s\n", printableLines(err.Error()))
	if errors.As(err, new(settingsError)) {
		return exitSettings
	}
	return exitFailed
}

func execute(ctx context.Context, args []string, std stdio) error {
	file, err := config.LoadDotEnv()
	if err != nil {
		return settingsError{err}
	}
	var cli commands
	helpShown := false
	parser, err := kong.New(&cli,
		kong.Name("latchkey"),
		kong.Description("An OAuth2 token service for first-party applications.\n\n"+examples("latchkey serve --dev")),
		kong.UsageOnError(),
		kong.PostBuild(ownFlagsFirst),
		kong.Writers(std.out, std.err),
		kong.Exit(func(int) { helpShown = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std, file),
		durations, times,
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(helpAsFlag(args))
	if helpShown {
		return nil
	}
	if err != nil {
		return settingsError{fmt.Errorf("%w (see `%s`)", err, helpFor(err))}
	}
	if err := config.CheckEnvironment(parser.Model, os.Environ()); err != nil {
		return settingsError{err}
	}
	return command.Run()
}
