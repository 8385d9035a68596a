//go:build unix

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// rotation is the least that a refresh has to do: find a session by an index and count up durably, in
// one statement.
type rotation struct {
	name  string
	rate  func(ctx context.Context, length time.Duration) (float64, error)
	close func() error
}

// %s is the family of session n.
const postgresRotation = `UPDATE rotation s SET counter = s.counter + 1, rotated_at = now(), last_used_at = now(),
	idle_until = now() + INTERVAL '14 days', address = '10.0.0.1', repeats = 0
	WHERE s.family_id = %s AND s.client_id = 'latchkey-public' AND s.revoked_at IS NULL AND now() < s.idle_until AND now() < s.absolute_until
	AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.epoch = s.user_epoch AND u.active)`

const sqliteRotation = `UPDATE sessions SET counter = counter + 1, rotated_at = unixepoch(), last_used_at = unixepoch(),
	idle_until = unixepoch() + 1209600, address = '10.0.0.1', repeats = 0
	WHERE family_id = ?1 AND client_id = 'latchkey-public' AND revoked_at IS NULL AND unixepoch() < idle_until AND unixepoch() < absolute_until
	AND EXISTS (SELECT 1 FROM users u WHERE u.id = user_id AND u.epoch = user_epoch AND u.active)`

// newRotation copies the sessions of a world, so that their counters stay what the client believes.
func newRotation(ctx context.Context, w *world, conns int) (*rotation, error) {
	db, err := w.open()
	if err != nil {
		return nil, err
	}
	if w.engine == sqlite {
		return newSQLiteRotation(ctx, w, db)
	}
	for _, statement := range []string{
		`CREATE TABLE rotation (LIKE sessions INCLUDING ALL EXCLUDING GENERATED) WITH (fillfactor = 90)`, `INSERT INTO rotation SELECT * FROM sessions`,
		`VACUUM ANALYZE rotation`, `CHECKPOINT`,
	} {
		if err := execute(ctx, db, statement); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	if program := findPgbench(ctx); program != "" {
		return &rotation{name: "pgbench, one statement", close: db.Close, rate: func(ctx context.Context, length time.Duration) (float64, error) {
			return runPgbench(ctx, program, w, conns, length)
		}}, nil
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return &rotation{name: "pgx, one statement", close: db.Close, rate: func(ctx context.Context, length time.Duration) (float64, error) {
		return loopStatement(ctx, db, fmt.Sprintf(postgresRotation, "$1"), w.users, conns, length)
	}}, nil
}

// newSQLiteRotation copies the file and closes the world's database.
func newSQLiteRotation(ctx context.Context, w *world, db *sql.DB) (*rotation, error) {
	path := filepath.Join(w.dir, "rotation.db")
	if err := errors.Join(execute(ctx, db, `VACUUM INTO ?1`, path), db.Close()); err != nil {
		return nil, err
	}
	copied, err := openSQLite(path)
	if err != nil {
		return nil, err
	}
	return &rotation{name: "one durable UPDATE", close: copied.Close, rate: func(ctx context.Context, length time.Duration) (float64, error) {
		return loopStatement(ctx, copied, sqliteRotation, w.users, 1, length)
	}}, nil
}

// loopStatement runs a statement for random sessions on several connections at once, and returns how
// often per second.
func loopStatement(ctx context.Context, db *sql.DB, statement string, users, conns int, length time.Duration) (float64, error) {
	prepared, err := db.PrepareContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	defer func() { _ = prepared.Close() }()
	errs := make([]error, conns)
	var n atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for worker := range conns {
		group.Go(func() {
			for time.Since(start) < length && errs[worker] == nil {
				_, errs[worker] = prepared.ExecContext(ctx, family(rand.IntN(users))) //nolint:gosec // no secret
				n.Add(1)
			}
		})
	}
	group.Wait()
	return float64(n.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

// findPgbench returns the path of pgbench, or an empty string.
func findPgbench(ctx context.Context) string {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path
	}
	var found []string
	if dir, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		found = append(found, filepath.Join(strings.TrimSpace(string(dir)), "pgbench"))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/pgbench", "/usr/pgsql-*/bin/pgbench", "/usr/libexec/postgresql*/pgbench", "/opt/homebrew/opt/postgresql@*/bin/pgbench"} {
		matches, _ := filepath.Glob(pattern) // the patterns are valid
		found = append(found, matches...)
	}
	i := slices.IndexFunc(found, func(path string) bool { _, err := os.Stat(path); return err == nil })
	if i < 0 {
		return ""
	}
	return found[i]
}

var pgbenchRate = regexp.MustCompile(`(?m)^tps = ([0-9.]+) `)

// runPgbench runs the statement with pgbench, which measures whole seconds. The password is not in its
// arguments, which are visible in the list of processes.
func runPgbench(ctx context.Context, program string, w *world, conns int, length time.Duration) (float64, error) {
	config, err := pgx.ParseConfig(w.database)
	if err != nil {
		return 0, errors.New("the URL of the PostgreSQL server cannot be parsed")
	}
	statement := strings.ReplaceAll(fmt.Sprintf(postgresRotation, strings.NewReplacer("n::bigint", ":n::bigint", "to_hex(n)", "to_hex(:n::bigint)").Replace(postgresFamily)), "\n", " ")
	script := filepath.Join(w.dir, "rotation.sql")
	if err := os.WriteFile(script, fmt.Appendf(nil, "\\set n random(0, %d)\n%s;\n", w.users-1, statement), 0o600); err != nil {
		return 0, err
	}
	seconds := max(1, int(length.Round(time.Second).Seconds()))
	cmd := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-f", script, "-c", strconv.Itoa(conns), "-j", "2", "-T", strconv.Itoa(seconds))
	cmd.Env = append(os.Environ(), "PGHOST="+config.Host, "PGPORT="+strconv.Itoa(int(config.Port)),
		"PGUSER="+config.User, "PGPASSWORD="+config.Password, "PGDATABASE="+config.Database)
	out, err := cmd.CombinedOutput()
	match := pgbenchRate.FindSubmatch(out)
	if err != nil || match == nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	return strconv.ParseFloat(string(match[1]), 64)
}
