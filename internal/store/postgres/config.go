package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	connectTimeout = 3 * time.Second        // for each host of the URL
	acquireTimeout = time.Second            // for a live connection of the pool
	answerTimeout  = 3 * time.Second        // for an answer; more than statement_timeout, which ends sooner and says why
	pingTimeout    = 300 * time.Millisecond // so that one dead connection leaves time to get another
	maxConns       = 10                     // ten replicas fit into PostgreSQL's default of 100
)

// limits are server settings that a user may override in the URL.
var limits = map[string]string{
	"application_name":                    "latchkey",
	"statement_timeout":                   "2s",
	"lock_timeout":                        "1s",
	"idle_in_transaction_session_timeout": "5s",
}

// poolConfig reads the URL and fills in what it leaves open.
func poolConfig(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, unreadable(err)
	}
	// The pool takes its own parameters out of the runtime ones; here they can still be seen.
	given, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, unreadable(err)
	}
	set := func(name string) bool { _, ok := given.RuntimeParams[name]; return ok }
	if !set("pool_max_conns") {
		config.MaxConns = maxConns
	}
	if !set("pool_max_conn_lifetime") {
		config.MaxConnLifetime = 30 * time.Minute
	}
	if !set("pool_max_conn_lifetime_jitter") {
		config.MaxConnLifetimeJitter = 5 * time.Minute
	}
	if !set("pool_ping_timeout") {
		config.PingTimeout = pingTimeout
	}
	connConfig(config.ConnConfig)
	return config, nil
}

// connConfig sets the limits of every connection.
func connConfig(config *pgx.ConnConfig) {
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.ValidateConnect == nil {
		// Of several hosts, or after a failover, only the one that takes writes is of use.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	config.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: 3 * time.Second, Count: 3,
	}}).DialContext
	for name, value := range limits {
		setDefault(config, name, value)
	}
	// Differences of times must not depend on anybody's daylight saving.
	config.RuntimeParams["timezone"] = "UTC"
}

// setDefault sets a server setting unless the URL does, by itself or inside options.
func setDefault(config *pgx.ConnConfig, name, value string) {
	if _, ok := config.RuntimeParams[name]; ok || strings.Contains(config.RuntimeParams["options"], name) {
		return
	}
	config.RuntimeParams[name] = value
}

// hosts lists where the database was looked for, as host:port.
func hosts(config *pgx.ConnConfig) string {
	var all []string
	add := func(host string, port uint16) {
		at := net.JoinHostPort(host, strconv.Itoa(int(port)))
		if len(all) == 0 || all[len(all)-1] != at { // one host stands twice with sslmode=prefer
			all = append(all, at)
		}
	}
	add(config.Host, config.Port)
	for _, f := range config.Fallbacks {
		add(f.Host, f.Port)
	}
	return strings.Join(all, ", ")
}

// unreadable says that the URL is faulty without quoting any of it: where a password is not
// percent-encoded, no part of the text can be told from the secret.
func unreadable(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) { // a certificate that the URL names
		return fmt.Errorf("postgres: cannot read %s: %w", file.Path, file.Err)
	}
	return errors.New("postgres: the database URL is not understood; check its parts, and percent-encode the password")
}
