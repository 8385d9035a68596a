package main

import (
	"bufio"
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/userfile"
)

type userExport struct {
	config.Database `embed:"" group:"Database"`

	Format string `enum:"ndjson,csv" default:"ndjson" placeholder:"FORMAT" help:"File format: ndjson or csv. Default: ${default}."`
}

func (*userExport) Help() string {
	return "Writes all users to standard output, oldest first. `latchkey user import` reads the file and creates the same users. " +
		"Sessions, clients and custom roles are not exported.\n\n" +
		"The file contains password hashes. Make sure that nobody else can read it, encrypt it before you send it anywhere, " +
		"and delete it after the import.\n\n" +
		examples("(umask 077 && latchkey user export > users.ndjson)")
}

// Run writes all users to standard output.
func (c *userExport) Run(ctx context.Context, std stdio) error {
	return withAccounts(ctx, c.Database, std, func(ctx context.Context, accounts *account.Directory) error {
		out := bufio.NewWriter(std.out)
		records, err := userfile.NewWriter(out, userfile.Format(c.Format))
		if err != nil {
			return err
		}
		err = forEach(users(ctx, accounts, account.Query{}), func(u account.User) error {
			return records.Write(account.RecordOf(u))
		})
		return errors.Join(err, records.Flush(), out.Flush())
	})
}
