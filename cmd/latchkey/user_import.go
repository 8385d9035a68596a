package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/userfile"
)

type userImport struct {
	config.Database `embed:"" group:"Database"`

	File   string `arg:"" help:"File to read, or - for standard input."`
	Format string `enum:"auto,ndjson,csv,codevoweb,fastapi-users" default:"auto" placeholder:"FORMAT" help:"File format: ndjson, csv, codevoweb or fastapi-users. Default: csv if the file name ends in .csv, otherwise ndjson."`
	DryRun bool   `help:"Check the file and store nothing."`
	JSON   bool   `name:"json" help:"Report as JSON, for scripts: the totals on standard output, one line per error on standard error."`
}

func (*userImport) Help() string {
	return "Reads one JSON object per line, or CSV (RFC 4180) with a header line. The field email is required, and in CSV a column username. A user " +
		"without a username gets a generated one. Optional are id, email_verified, name, picture, roles, active, disabled_until, created_at, updated_at, and one of " +
		"password_hash and password. Without a roles field, users get ROLE_USER. In CSV, roles are separated by spaces, an empty roles " +
		"field means no roles, and any other empty field is treated as missing.\n\n" +
		"Password hashes can be argon2id, argon2i, bcrypt, scrypt or PBKDF2, as PHC strings or in the formats of Django, passlib and " +
		"Keycloak. When a user first signs in, the hash is replaced by argon2id. The users of a Keycloak export need no conversion.\n\n" +
		"The formats codevoweb and fastapi-users read the users collection of CodevoWeb's tutorials and of the library fastapi-users, as " +
		"mongoexport writes it (without --jsonArray). An admin or superuser gets ROLE_ADMIN. The id of a user with an ObjectId is derived " +
		"from it: uuid.uuid5(uuid.NAMESPACE_OID, str(object_id)) in Python.\n\n" +
		"A user who already exists with the same username and email address is skipped, or with the same id or email address if the file " +
		"has no username for them. You can therefore repeat an import that was " +
		"interrupted. A dry run does not find conflicts between two lines of the file.\n\n" + examples(
		"latchkey user import users.ndjson --dry-run",
		"latchkey user import users.csv",
		"jq -c '.users[]' realm.json | latchkey user import -",
		"mongoexport --db fastapi --collection users | latchkey user import - --format codevoweb",
	)
}

// Run imports the file. It returns an error if any line failed.
func (c *userImport) Run(ctx context.Context, std stdio) error {
	in, size, err := c.open(std)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if !c.DryRun {
		if err := createDatabase(ctx, c.Database, std); err != nil {
			return err
		}
	}
	return withAccounts(ctx, c.Database, std, func(ctx context.Context, accounts *account.Directory) error {
		run := &importRun{
			accounts: accounts, format: c.format(), dryRun: c.DryRun,
			report: importReport{std: std, json: c.JSON, dryRun: c.DryRun, progress: newProgress(std.err, size)},
		}
		err := run.all(ctx, in)
		return errors.Join(run.report.finish(), err)
	})
}

// open opens the file and returns its size, or 0 if the size is unknown.
func (c *userImport) open(std stdio) (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(std.in), 0, nil
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return file, 0, err
	}
	return file, info.Size(), nil
}

func (c *userImport) format() userfile.Format {
	switch {
	case c.Format != "auto":
		return userfile.Format(c.Format)
	case strings.EqualFold(filepath.Ext(c.File), ".csv"):
		return userfile.CSV
	}
	return userfile.NDJSON
}
