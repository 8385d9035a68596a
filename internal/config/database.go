package config

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/loopback"
)

// Database has the settings of every command that opens the database.
type Database struct {
	URL      string `name:"database-url" env:"LATCHKEY_DATABASE_URL" placeholder:"URL" help:"Database to use: postgres://… (may name several hosts) or sqlite:PATH. Default: sqlite:latchkey.db in the data directory."`
	Insecure bool   `name:"database-insecure" env:"LATCHKEY_DATABASE_INSECURE" help:"Allow PostgreSQL on a remote host without sslmode=verify-full."`
	DataDir  string `name:"data-dir" env:"LATCHKEY_DATA_DIR" default:"./data" placeholder:"DIR" help:"Directory of the SQLite database and the development secret. Default: ${default}."`

	StateFile string `name:"state-file" env:"LATCHKEY_STATE_FILE" placeholder:"FILE" help:"File that remembers which database was used, so that a lost one is not taken for a new one. Default: PATH.state beside a SQLite database, none for PostgreSQL."`

	MinPassword int `name:"min-password" env:"LATCHKEY_MIN_PASSWORD" default:"8" placeholder:"N" help:"Minimum password length in characters, 8 to 64. Default: ${default}."`
}

// Resolve fills in the defaults that depend on other settings and returns everything that is unsafe
// or invalid.
func (d *Database) Resolve() error {
	var p problems
	if d.URL == "" {
		d.URL = "sqlite:" + filepath.Join(d.DataDir, "latchkey.db")
	}
	switch {
	case strings.HasPrefix(d.URL, "sqlite:"):
		if d.SQLitePath() == "" {
			p.add("LATCHKEY_DATABASE_URL: sqlite: needs a path, for example sqlite:latchkey.db")
		}
	case strings.HasPrefix(d.URL, "postgres://"), strings.HasPrefix(d.URL, "postgresql://"):
		d.checkPostgres(&p)
	default:
		p.add("LATCHKEY_DATABASE_URL: must begin with postgres:// or sqlite:")
	}
	if path := d.SQLitePath(); path != "" && d.StateFile == "" {
		d.StateFile = path + ".state"
	}
	if d.MinPassword < 8 || d.MinPassword > 64 {
		p.add("LATCHKEY_MIN_PASSWORD: %d is not between 8 and 64", d.MinPassword)
	}
	return errors.Join(p...)
}

// SQLitePath returns the path of the SQLite database, or "" for PostgreSQL.
func (d *Database) SQLitePath() string {
	path, found := strings.CutPrefix(d.URL, "sqlite:")
	if !found {
		return ""
	}
	return path
}

const malformedURL = "LATCHKEY_DATABASE_URL: malformed; percent-encode special characters in the password: / as %%2F, @ as %%40, ? as %%3F, # as %%23"

// checkPostgres requires verified TLS to remote hosts. Its messages never quote the URL, which may
// contain a password.
func (d *Database) checkPostgres(p *problems) {
	u, err := url.Parse(d.URL)
	if err != nil {
		p.add(malformedURL)
		return
	}
	hosts := u.Host
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		p.add("LATCHKEY_DATABASE_URL: the part after ? is malformed")
		return
	}
	if host := options.Get("host"); host != "" {
		hosts = host
	}
	for host := range strings.SplitSeq(hosts, ",") {
		switch {
		case d.Insecure || isLocal(host) || options.Get("sslmode") == "verify-full":
		case strings.Contains(u.Path+u.RawQuery+u.Fragment, "@"): // the host may be a part of a password such as a@b/c
			p.add(malformedURL)
			return
		default:
			p.add("LATCHKEY_DATABASE_URL: %s is a remote host: add sslmode=verify-full, or set LATCHKEY_DATABASE_INSECURE=true if you trust the network in between", host)
		}
	}
}

// isLocal reports whether a host of a connection string is this machine: empty, the directory of a
// Unix socket, or a loopback address.
func isLocal(host string) bool {
	return host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "%2F") || loopback.Is(host)
}
