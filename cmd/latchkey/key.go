package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/keyring"
)

type keyCommands struct {
	List   keyList   `cmd:"" help:"List the signing keys"`
	Rotate keyRotate `cmd:"" help:"Create the next signing key now"`
	Revoke keyRevoke `cmd:"" help:"Revoke a signing key and every access token it signed"`
}

// withKeys runs work on the signing keys of the configured database.
func withKeys(ctx context.Context, settings *secretSettings, work func(context.Context, keyAdmin) error) error {
	return settings.withSecrets(ctx, func(ctx context.Context, db database) error {
		keys, err := openKeys(ctx, db, settings.Secrets)
		if err != nil {
			return err
		}
		return work(ctx, keyAdmin{keys, db})
	})
}

type keyList struct {
	secretSettings `embed:""`
}

func (*keyList) Help() string {
	return "The column SECRET shows whether a key is encrypted with the first master secret or an older one. Shared keys of clients are only named if an older one encrypts them.\n\n" +
		examples("latchkey key list")
}

var keyView = listView[keyring.Status]{
	header: []any{"GENERATION", "STATE", "ALGORITHM", "SIGNS FROM", "SIGNS UNTIL", "SECRET", "KID"},
	cells: func(k keyring.Status) []any {
		secret := "first"
		if !k.Current {
			secret = "older"
		}
		return []any{k.Generation, k.State, k.Algorithm, timestamp(k.SignsFrom), timestamp(k.SignsUntil), secret, k.ID}
	},
}

// Run lists the keys.
func (c *keyList) Run(ctx context.Context, std stdio) error {
	return c.withSecrets(ctx, func(ctx context.Context, db database) error {
		keys, err := openKeys(ctx, db, c.Secrets)
		if err != nil {
			return err
		}
		clients, err := openClients(db, c.Secrets)
		if err != nil {
			return err
		}
		old, err := clients.OldTokenKeys(ctx)
		if err != nil {
			return err
		}
		for _, client := range old {
			_, _ = fmt.Fprintf(std.err, "The shared key of the client %q is encrypted with an older master secret.\n", client.ID)
		}
		return keyView.print(std.out, listFormat{}, sequence(keys.List(), nil))
	})
}

type keyRotate struct {
	secretSettings `embed:""`

	Lead  time.Duration `default:"24h" placeholder:"TIME" help:"How long the key is published before it signs, so that verifiers can fetch it. Default: ${default}."`
	Force bool          `help:"Allow a lead shorter than the time for which verifiers cache the keys."`
}

func (*keyRotate) Help() string {
	return "The service does this by itself every 30 days. The id of the new key is printed.\n\n" +
		examples("latchkey key rotate", "latchkey key rotate --lead 1h")
}

// Run creates the next key and prints its kid.
func (c *keyRotate) Run(ctx context.Context, std stdio) error {
	return withKeys(ctx, &c.secretSettings, func(ctx context.Context, keys keyAdmin) error {
		next, err := keys.Rotate(ctx, c.Lead, c.Force)
		if err != nil {
			return withHint(err, "/lead_seconds", ", or add --force")
		}
		_, _ = fmt.Fprintln(std.out, next.ID)
		_, _ = fmt.Fprintf(std.err, "The key is published within seconds and signs from %s.\n", timestamp(next.SignsFrom))
		return nil
	})
}

type keyRevoke struct {
	secretSettings `embed:""`
	confirmation   `embed:""`

	KID string `arg:"" name:"kid" help:"Id of the key, as shown by key list."`
}

func (*keyRevoke) Help() string {
	return "Use it when a private key may have leaked. Sessions stay alive: clients get new access tokens with their refresh tokens. " +
		"Some ids begin with a dash: write -- before the id. Asks for confirmation first.\n\n" +
		examples("latchkey key revoke -- KID", "latchkey key revoke --yes -- KID")
}

// Run deletes the key, after a confirmation.
func (c *keyRevoke) Run(ctx context.Context, std stdio) error {
	return withKeys(ctx, &c.secretSettings, func(ctx context.Context, keys keyAdmin) error {
		all := keys.List()
		i := slices.IndexFunc(all, func(k keyring.Status) bool { return k.ID == c.KID })
		if i < 0 {
			return notFoundError("key", c.KID, "key list")
		}
		if err := c.confirm(std, fmt.Sprintf("Permanently revoke the key %s (%s) and every access token it signed?", c.KID, all[i].State)); err != nil {
			return err
		}
		err := keys.Revoke(ctx, c.KID)
		if err == nil {
			_, _ = fmt.Fprintln(std.err, "The service stops accepting the key within seconds. Other verifiers may accept it until their cache expires, after five minutes.")
		}
		return explainNotFound(err, "key", c.KID, "key list")
	})
}
