package main

import (
	"bufio"
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type userExport struct {
	config.Database `embed:""`

	Format string `enum:"ndjson,csv" default:"ndjson" help:"ndjson or csv."`
}

// Help warns of what is written.
func (c *userExport) Help() string {
	return "Writes all users to standard output, oldest first, in a form that `latchkey user import` reads " +
		"back to the same users; sessions, clients and custom roles are not in it.\n\n" +
		"The password hashes ARE in it. Let nobody else read it: (umask 077 && latchkey user export > users.ndjson), " +
		"encrypt it before it travels, and delete it when it has arrived."
}

const exportPage = 500 // users read at a time

// Run writes all users, a page at a time. Users who are made meanwhile come last; nobody comes twice
// or is left out.
func (c *userExport) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		out := bufio.NewWriter(io.out)
		w, err := account.NewRecordWriter(out, account.Format(c.Format))
		if err != nil {
			return err
		}
		err = exportAll(ctx, accounts, w)
		return errors.Join(err, w.Flush(), out.Flush())
	})
}

func exportAll(ctx context.Context, accounts *account.Service, w *account.RecordWriter) error {
	q := account.Query{Limit: exportPage}
	for {
		users, next, err := accounts.List(ctx, q)
		if err != nil {
			return err
		}
		for _, u := range users {
			if err := w.Write(account.RecordOf(u)); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		q.After = *next
	}
}
