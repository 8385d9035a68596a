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
	acquireTimeout = time.Second            // to get a live connection from the pool
	queryTimeout   = 3 * time.Second        // longer than statement_timeout, which fails first and with a reason
	pingTimeout    = 300 * time.Millisecond // leaves time to try another connection if one is dead
	maxConns       = 10                     // ten replicas fit into PostgreSQL's default of 100 connections
)

// serverSettings are the default settings of a connection. The URL can override them.
var serverSettings = map[string]string{
	"application_name":                    "latchkey",
	"statement_timeout":                   "2s",
	"lock_timeout":                        "1s",
	"idle_in_transaction_session_timeout": "5s",
}

// poolConfig parses the URL and sets the defaults of what it does not set.
func poolConfig(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, urlError(err)
	}
	// pgxpool removes its own parameters from the runtime parameters, so they are read here again.
	fromURL, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, urlError(err)
	}
	set := func(name string) bool { _, ok := fromURL.RuntimeParams[name]; return ok }
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
	setConnDefaults(config.ConnConfig)
	return config, nil
}

// setConnDefaults sets the timeouts and settings of every connection.
func setConnDefaults(config *pgx.ConnConfig) {
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.ValidateConnect == nil {
		// Only a primary is useful, with several hosts and after a failover.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	config.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: 3 * time.Second, Count: 3,
	}}).DialContext
	for name, value := range serverSettings {
		setDefaultSetting(config, name, value)
	}
	// The difference of two times must not depend on daylight saving time.
	config.RuntimeParams["timezone"] = "UTC"
}

// setDefaultSetting sets a server setting unless the URL sets it, by its name or inside options.
func setDefaultSetting(config *pgx.ConnConfig, name, value string) {
	if _, ok := config.RuntimeParams[name]; ok || strings.Contains(config.RuntimeParams["options"], name) {
		return
	}
	config.RuntimeParams[name] = value
}

// hosts returns the hosts of the URL as host:port.
func hosts(config *pgx.ConnConfig) string {
	var all []string
	add := func(host string, port uint16) {
		address := net.JoinHostPort(host, strconv.Itoa(int(port)))
		if len(all) == 0 || all[len(all)-1] != address { // sslmode=prefer lists each host twice
			all = append(all, address)
		}
	}
	add(config.Host, config.Port)
	for _, f := range config.Fallbacks {
		add(f.Host, f.Port)
	}
	return strings.Join(all, ", ")
}

// urlError returns an error that does not quote the URL: if a password is not percent-encoded, no part
// of the text can be told apart from the secret.
func urlError(err error) error {
	var fileErr *fs.PathError
	if errors.As(err, &fileErr) { // a certificate that the URL names
		return fmt.Errorf("postgres: cannot read %s: %w", fileErr.Path, fileErr.Err)
	}
	return errors.New("postgres: the database URL is invalid; check its parts, and percent-encode the password")
}
