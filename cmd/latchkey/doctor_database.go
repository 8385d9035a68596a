package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/keyring"
)

const mendDatabase = "check LATCHKEY_DATABASE_URL, and that the server runs and lets this user in"

// checkDatabase opens the database, unless it is a file that does not exist yet.
func (d *doctor) checkDatabase(ctx context.Context) {
	settings := d.settings.Database
	if err := settings.Resolve(); err != nil {
		return // reported with the settings
	}
	if path := settings.SQLitePath(); path != "" {
		if _, err := os.Stat(path); os.IsNotExist(err) {
			d.warn("database", "nothing if this is a new installation, else set LATCHKEY_DATABASE_URL or LATCHKEY_DATA_DIR to where the data is",
				"%s does not exist; the service creates it when it starts", path)
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, examTimeout)
	defer cancel()
	start := time.Now()
	db, err := openDatabase(ctx, settings)
	if err != nil {
		d.fail("database", mendDatabase, "%v", err)
		return
	}
	d.db = db
	health, err := db.Health(ctx)
	if err != nil {
		d.fail("database", mendDatabase, "%v", err)
		return
	}
	d.ok("database", "%s %s answers, connected in %v", health.Engine, health.Version, time.Since(start).Round(time.Millisecond))
	d.checkSchema(ctx)
}

// checkSchema compares the schema with what this program needs, and tries to write.
func (d *doctor) checkSchema(ctx context.Context) {
	all, err := d.db.Status(ctx)
	schema, errSchema := d.db.Compatibility(ctx)
	if err = errors.Join(err, errSchema, schema.Check()); err != nil {
		d.fail("schema", "run a program at least as new as the schema, with a user that may read it", "%v", err)
		return
	}
	pending := 0
	for _, migration := range all {
		if migration.AppliedAt.IsZero() {
			pending++
		}
	}
	if pending > 0 {
		d.warn("schema", "start the service, or run latchkey migrate up", "%s pending", count(pending, "migration"))
		return
	}
	d.migrated = true
	if schema.Schema > schema.Program {
		d.ok("schema", "version %d, which is newer than this program and admits it", schema.Schema)
	} else {
		d.ok("schema", "version %d, which this program knows", schema.Schema)
	}
	if err := d.db.ProbeWrite(ctx); err != nil {
		d.fail("database", "give the database user the right to write, use the primary, and make room on its disk", "it cannot be written: %v", err)
		return
	}
	d.ok("database", "it can be written")
}

// The tolerated differences of clocks. Keys are made with a minute of tolerance.
const (
	skewWarning = time.Second
	skewFailure = time.Minute
)

const mendClock = "synchronise the clocks with NTP"

// checkClock compares this machine's clock with that of the database server, and with what has happened.
func (d *doctor) checkClock(ctx context.Context) {
	before := time.Now()
	health, err := d.db.Health(ctx)
	if err != nil {
		return // reported by checkDatabase
	}
	if !health.Time.IsZero() {
		middle := before.Add(time.Since(before) / 2)
		d.reportSkew(health.Time.Sub(middle))
	}
	if !d.migrated {
		return
	}
	events, err := d.db.Events(ctx, audit.Query{Limit: 1})
	switch {
	case err != nil:
		d.fail("clock", mendDatabase, "%v", err)
	case len(events) == 1 && time.Until(events[0].At) > skewFailure:
		d.fail("clock", mendClock, "the newest audit event is from %s, %v ahead of this machine's clock",
			timestamp(events[0].At), time.Until(events[0].At).Round(time.Second))
	default:
		d.ok("clock", "nothing that is stored lies in the future")
	}
}

func (d *doctor) reportSkew(skew time.Duration) {
	text := fmt.Sprintf("the clock of the database differs by %v", skew.Round(time.Millisecond))
	switch {
	case skew.Abs() > skewFailure:
		d.fail("clock", mendClock, "%s", text)
	case skew.Abs() > skewWarning:
		d.warn("clock", mendClock, "%s", text)
	default:
		d.ok("clock", "%s", text)
	}
}

// checkKeys opens the signing keys with the present secrets, and signs.
func (d *doctor) checkKeys(ctx context.Context) {
	if !d.migrated || len(d.settings.Secrets) == 0 || d.settings.Issuer == "" {
		d.warn("keys", "mend what is above first", "not checked")
		return
	}
	keys, err := keyring.Attach(ctx, d.db, keyring.Options{Secrets: d.settings.Secrets, Issuer: d.settings.Issuer, Now: time.Now})
	if err != nil {
		d.fail("keys", "set the secret that belongs to this database; after a replacement list the old secret after the new one", "%v", err)
		return
	}
	all := keys.List()
	if len(all) == 0 {
		d.ok("keys", "there is none yet; the service creates the first when it starts")
		return
	}
	d.reportKeys(keys, all) //nolint:contextcheck // Verify limits its own time
}

func (d *doctor) reportKeys(keys *keyring.Ring, all []keyring.Status) {
	older := 0
	for _, key := range all {
		if !key.Current {
			older++
		}
	}
	if older > 0 {
		d.warn("keys", "keep both secrets set; the service encrypts the keys anew within seconds, then the old one can go",
			"%s encrypted under an older secret", count(older, "key"))
	}
	if next := keys.NextRotation(); time.Until(next) < -time.Hour {
		d.fail("keys", "start the service, and read what its log says about the task signing keys", "the next key is late: it should sign since %s", timestamp(next))
	}
	token, err := keys.Sign(keyring.Claims{
		Subject: uuid.Nil.String(), ID: uuid.NewString(), ClientID: "doctor", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Second),
	})
	if err == nil {
		_, err = keys.Verify(token)
	}
	if err != nil {
		d.fail("keys", "start the service, which creates a key, and check the clock", "%v", err)
		return
	}
	d.ok("keys", "%s, a signature verifies, the next key signs from %s", count(len(all), "key"), timestamp(keys.NextRotation()))
}

// Free space on the disk of the embedded database.
const (
	spaceWarning = 1 << 30
	spaceFailure = 100 << 20
)

// checkDisk checks the directory of the embedded database.
func (d *doctor) checkDisk() {
	path := d.settings.SQLitePath()
	if path == "" {
		return
	}
	dir := filepath.Dir(path)
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if os.IsNotExist(err) {
		d.ok("disk", "%s does not exist; the service creates it when it starts", dir)
		return
	}
	if err != nil {
		d.fail("disk", "let the user that runs the service write there, or set LATCHKEY_DATA_DIR to another directory", "%v", err)
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	free, err := freeSpace(dir)
	const mend = "make room, or move the database to a larger disk"
	switch {
	case err != nil:
		d.warn("disk", "check it by hand", "the free space in %s is unknown: %v", dir, err)
	case free < spaceFailure:
		d.fail("disk", mend, "%d MiB are free in %s", free>>20, dir)
	case free < spaceWarning:
		d.warn("disk", mend, "%d MiB are free in %s", free>>20, dir)
	default:
		d.ok("disk", "%s can be written, %d GiB are free", dir, free>>30)
	}
}
