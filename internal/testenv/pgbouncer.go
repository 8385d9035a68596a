//go:build unix

package main

// pgbouncer is the connection pooler between the service and PostgreSQL. Debian installs it outside the
// PATH of ordinary users.
var pgbouncer = program{
	name:     "PgBouncer",
	variable: "PGBOUNCER",
	names:    []string{"pgbouncer", "/usr/sbin/pgbouncer"},
	packages: packages{
		"apt-get": {"pgbouncer"},
		"dnf":     {"pgbouncer"},
		"apk":     {"pgbouncer"},
		"brew":    {"pgbouncer"},
	},
}
