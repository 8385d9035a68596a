//go:build unix

package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// meter reads what PostgreSQL has done so far. A nil meter reads nothing.
type meter struct {
	db         *sql.DB
	postmaster int // process id; 0 if the server runs elsewhere
}

// reading is what the server has done since its start. An error is kept until it is used.
type reading struct {
	cpu     time.Duration // of its processes, also of those that have ended; 0 if unknown
	commits float64
	wal     float64 // bytes
	err     error
}

// newMeter returns the meter of a world, or nil for SQLite, whose work is that of the service.
func newMeter(ctx context.Context, w *world) (*meter, error) {
	if w.engine != postgres {
		return nil, nil //nolint:nilnil // a nil meter reads nothing
	}
	db, err := w.open()
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	m := &meter{db: db}
	var backend int
	if err := db.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	m.postmaster = parentOf(backend)
	return m, nil
}

// parentOf returns the parent of a process of PostgreSQL on this machine, or 0.
func parentOf(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || !strings.HasPrefix(string(status), "Name:\tpostgres") {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "PPid:")
	parent, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		return 0
	}
	return parent
}

func (m *meter) close() error {
	if m == nil {
		return nil
	}
	return m.db.Close()
}

// statsDelay is how long a connection of PostgreSQL may keep its counts to itself.
const statsDelay = 1100 * time.Millisecond

// read returns what the server has done. It waits until the connections have reported their counts.
func (m *meter) read(ctx context.Context) (r reading) {
	if m == nil {
		return r
	}
	if m.postmaster != 0 {
		own, servers := familyTimes(m.postmaster)
		r.cpu = own + servers
	}
	sleep(ctx, statsDelay)
	r.err = m.db.QueryRowContext(ctx, `
		SELECT d.xact_commit, w.wal_bytes
		FROM pg_stat_database d, pg_stat_wal w
		WHERE d.datname = current_database()`).Scan(&r.commits, &r.wal)
	return r
}

// databaseCost is what requests have cost PostgreSQL.
type databaseCost struct {
	reading
	requests int
}

// add adds what happened between two readings.
func (c *databaseCost) add(after, before reading, s sample) {
	c.cpu += after.cpu - before.cpu
	c.commits += after.commits - before.commits
	c.wal += after.wal - before.wal
	c.requests += s.sent
	if c.err == nil {
		c.err = after.err
	}
}

// each is what one request costs PostgreSQL on average.
type each struct {
	CPU     float64 `json:"cpu_us,omitempty"` // of its processes
	Commits float64 `json:"commits"`
	WAL     float64 `json:"wal_bytes"`
}

func (c databaseCost) each() *each {
	if c.requests == 0 || c.commits == 0 {
		return nil
	}
	n := float64(c.requests)
	return &each{CPU: float64(c.cpu.Microseconds()) / n, Commits: c.commits / n, WAL: c.wal / n}
}

// cells are the columns of a table. A nil each has empty ones.
func (e *each) cells() []string {
	if e == nil {
		return []string{"–", "–", "–"}
	}
	return []string{orNone(e.CPU, thousands(e.CPU)), short(e.Commits), thousands(e.WAL)}
}
