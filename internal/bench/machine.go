//go:build unix

package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// machine is what the figures depend on.
type machine struct {
	Date       string  `json:"date"`
	Processor  string  `json:"processor"`
	Processors int     `json:"processors"`
	System     string  `json:"system"`
	Go         string  `json:"go"`
	PostgreSQL string  `json:"postgresql,omitempty"`
	Users      int     `json:"users"`
	Conns      int     `json:"connections"`
	Flood      int     `json:"flood_connections"`
	Pace       float64 `json:"requests_per_second_in_a_flood"`
	Seconds    float64 `json:"seconds"`
}

func thisMachine(ctx context.Context, o options) machine {
	m := machine{
		Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), Processor: processor(), Processors: runtime.NumCPU(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Users: o.users, Conns: o.conns, Flood: o.flood, Pace: o.pace, Seconds: o.seconds,
	}
	if o.peer == "" && slices.Contains(o.engines, string(postgres)) {
		m.PostgreSQL = serverVersion(ctx, o.server)
	}
	return m
}

var modelName = regexp.MustCompile(`(?m)^model name\s*: (.+)$`)

// processor returns the name of the processor, where the system tells it in a file.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if match := modelName.FindSubmatch(info); err == nil && match != nil {
		return string(match[1])
	}
	return "unknown"
}

// serverVersion returns the version of PostgreSQL, or an empty string; the measurement reports an
// unreachable server.
func serverVersion(ctx context.Context, url string) (version string) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return ""
	}
	defer func() { _ = db.Close() }()
	_ = db.QueryRowContext(ctx, `SHOW server_version`).Scan(&version) // an error leaves it empty
	return version
}

// facts returns the machine and the conditions as pairs of a name and a value.
func (m machine) facts() [][2]string {
	facts := [][2]string{
		{"Date", m.Date},
		{"Processor", fmt.Sprintf("%d × %s (%s)", m.Processors, strings.TrimSpace(m.Processor), m.System)},
		{"Go", m.Go},
		{"PostgreSQL", m.PostgreSQL},
		{"Users, each with a session", thousands(m.Users)},
		{"Connections", fmt.Sprintf("%d, in a flood %d more", m.Conns, m.Flood)},
		{"Each measurement", fmt.Sprintf("%g s", m.Seconds)},
	}
	return slices.DeleteFunc(facts, func(f [2]string) bool { return f[1] == "" })
}
