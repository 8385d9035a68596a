//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named pgx
	driver "modernc.org/sqlite"        // also the driver named sqlite
)

// engine is a database engine.
type engine string

const (
	postgres engine = "postgres"
	sqlite   engine = "sqlite"
)

// world is a database with users, and what the service needs to run on it.
type world struct {
	engine    engine
	users     int
	binary    string // the service
	dir       string // temporary
	database  string // URL
	secret    string // the master secret
	endpoints endpoints
	cleanup   func(ctx context.Context) error
}

// newWorld creates and fills a database.
func newWorld(ctx context.Context, binary, dir, server string, e engine, users int) (_ *world, err error) {
	w := &world{engine: e, users: users, binary: binary, secret: rand.Text() + rand.Text(), cleanup: func(context.Context) error { return nil }}
	if w.dir, err = os.MkdirTemp(dir, string(e)+"-"); err != nil {
		return nil, err
	}
	w.database = "sqlite:" + filepath.Join(w.dir, "latchkey.db")
	if e == postgres {
		if err := w.createDatabase(ctx, server); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close(ctx))
		}
	}()
	if _, err := w.command(ctx, "migrate", "up"); err != nil {
		return nil, err
	}
	if err := w.populate(ctx); err != nil {
		return nil, err
	}
	secret, err := w.command(ctx, "client", "create", "bench", "--grant", "client_credentials")
	if err != nil {
		return nil, err
	}
	w.endpoints = endpoints{
		token: "/token", profile: "/api/users/me", introspect: "/introspect", signup: "/api/auth/signup",
		jwks:  "/.well-known/jwks.json",
		basic: "Basic " + base64.StdEncoding.EncodeToString([]byte("bench:"+clientSecret(secret))),
	}
	return w, nil
}

// clientSecret finds the secret in what `latchkey client create` prints.
func clientSecret(printed string) string {
	for _, word := range strings.Fields(printed) {
		if strings.HasPrefix(word, "cs_") {
			return word
		}
	}
	return ""
}

func (w *world) environment() []string {
	return []string{"LATCHKEY_DATABASE_URL=" + w.database, "LATCHKEY_DATA_DIR=" + w.dir}
}

func (w *world) close(ctx context.Context) error {
	return errors.Join(w.cleanup(context.WithoutCancel(ctx)), os.RemoveAll(w.dir))
}

// createDatabase creates a database of the server, which must commit durably.
func (w *world) createDatabase(ctx context.Context, server string) error {
	u, err := url.Parse(server)
	if err != nil {
		return errors.New("the URL of the PostgreSQL server cannot be parsed") // it contains a password
	}
	name := "bench_" + strings.ToLower(rand.Text())
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	drop := func(ctx context.Context) error {
		_, err := admin.ExecContext(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
		return errors.Join(err, admin.Close())
	}
	if err := requireDurable(ctx, admin); err != nil {
		return errors.Join(err, admin.Close())
	}
	if _, err := admin.ExecContext(ctx, `CREATE DATABASE `+name); err != nil {
		return errors.Join(err, admin.Close())
	}
	u.Path, w.cleanup = "/"+name, drop
	w.database = u.String()
	return nil
}

// requireDurable returns an error for a server that could lose a committed change. Its rates would mean
// nothing.
func requireDurable(ctx context.Context, db *sql.DB) error {
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := db.QueryRowContext(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return fmt.Errorf("PostgreSQL: %w", err)
		}
		if value != "on" {
			return fmt.Errorf("PostgreSQL runs with %s=%s; measure with %[1]s=on", name, value)
		}
	}
	return nil
}

// open opens the database of the world.
func (w *world) open() (*sql.DB, error) {
	if w.engine == postgres {
		return sql.Open("pgx", w.database)
	}
	return openSQLite(strings.TrimPrefix(w.database, "sqlite:"))
}

// openSQLite opens a file as the service's writer does: WAL, and durable commits.
func openSQLite(path string) (*sql.DB, error) {
	_, _ = driver.Fdatasync(true) // as the service does
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=wal_autocheckpoint(4000)&_txlock=immediate")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}
