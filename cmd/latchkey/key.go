package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/keyring"
)

type keyCommands struct {
	List   keyList   `cmd:"" help:"List the signing keys, and whether the first secret opens them."`
	Rotate keyRotate `cmd:"" help:"Make the next signing key now. The service does it by itself every 30 days."`
	Revoke keyRevoke `cmd:"" help:"Delete a signing key at once, with all access tokens that it signed. Sessions live on."`
}

// keySettings are those of all commands that open the keys.
type keySettings struct {
	config.Database `embed:""`
	config.Secrets  `embed:""`
}

// withKeys runs a command on the signing keys of the configured database.
func withKeys(ctx context.Context, settings keySettings, work func(*keyring.Ring) error) error {
	if err := settings.Secrets.Resolve(settings.DataDir); err != nil {
		return settingsError{err}
	}
	return withDatabase(ctx, settings.Database, func(db database) error {
		keys, err := keyring.Attach(ctx, db, keyring.Options{Secrets: settings.Secrets.Secrets, Now: time.Now})
		if err != nil {
			return err
		}
		return work(keys)
	})
}

type keyList struct {
	keySettings `embed:""`
}

// Run lists the keys.
func (c *keyList) Run(ctx context.Context, io streams) error {
	return withKeys(ctx, c.keySettings, func(keys *keyring.Ring) error {
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "GENERATION\tSTATE\tALGORITHM\tSIGNS FROM\tSIGNS UNTIL\tSECRET\tKID")
		for _, k := range keys.List() {
			secret := "first"
			if !k.Current {
				secret = "older"
			}
			_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n",
				k.Generation, k.State, k.Algorithm, stamp(k.SignsFrom), stamp(k.SignsUntil), secret, k.ID)
		}
		return table.Flush()
	})
}

// stamp writes a time for people and scripts; a hyphen stands for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

type keyRotate struct {
	keySettings `embed:""`

	Lead  time.Duration `default:"24h" placeholder:"TIME" help:"How long the key is published before it signs, so that verifiers know it. Default: ${default}."`
	Force bool          `help:"Allow a lead that is too short for verifiers that cache the keys."`
}

// Run makes the next key and prints its kid.
func (c *keyRotate) Run(ctx context.Context, io streams) error {
	return withKeys(ctx, c.keySettings, func(keys *keyring.Ring) error {
		next, err := keys.Rotate(ctx, c.Lead, c.Force)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(io.out, next.ID)
		_, _ = fmt.Fprintf(io.err, "It is published within seconds and signs from %s.\n", stamp(next.SignsFrom))
		return nil
	})
}

type keyRevoke struct {
	keySettings `embed:""`

	KID string `arg:"" name:"kid" help:"The key, as the list names it."`
}

// Run deletes the key.
func (c *keyRevoke) Run(ctx context.Context, io streams) error {
	return withKeys(ctx, c.keySettings, func(keys *keyring.Ring) error {
		err := keys.Revoke(ctx, c.KID)
		if errors.Is(err, keyring.ErrUnknownKey) {
			return fmt.Errorf("there is no key %q; `latchkey key list` shows all", c.KID)
		}
		if err == nil {
			_, _ = fmt.Fprintln(io.err, "The service knows it within seconds. Verifiers elsewhere may keep the key for as long as they cache it, five minutes.")
		}
		return err
	})
}
