//go:build unix

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// baseUsers is the number of users with which larger numbers are compared.
const baseUsers = 1000

// options are the flags.
type options struct {
	seconds  float64
	rounds   int
	engines  []string
	rows     []string
	users    int
	replicas int
	sample   int
	conns    int
	flood    int
	pace     float64
	idle     time.Duration
	starts   int
	write    string
	check    bool
	binary   string
	server   string // URL of PostgreSQL, from the environment: it contains a password

	peer      string
	peerUsers string
	paths     endpoints // of the peer
}

func (o options) length() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }

// turn returns the length of each turn of a measurement.
func (o options) turn() time.Duration { return o.length() / time.Duration(o.rounds) }

// selected reports whether a row is to be measured.
func (o options) selected(key string) bool { return len(o.rows) == 0 || slices.Contains(o.rows, key) }

func parseOptions(arguments []string, usage io.Writer) (options, error) {
	o := options{server: os.Getenv("TEST_DATABASE_URL")}
	var engines, rows string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(usage)
	f.Float64Var(&o.seconds, "seconds", 8, "length of each measurement")
	f.IntVar(&o.rounds, "rounds", 4, "turns into which a measurement is divided")
	f.StringVar(&engines, "engines", "sqlite,postgres", "database engines, separated by commas")
	f.StringVar(&rows, "rows", "", "what to measure, separated by commas: "+strings.Join(rowKeys(), ", ")+" (default all)")
	f.IntVar(&o.users, "users", baseUsers, fmt.Sprintf("users in the database, each with a session; more than %d are compared with %[1]d", baseUsers))
	f.IntVar(&o.replicas, "replicas", 1, "how often the service runs on a PostgreSQL database")
	f.IntVar(&o.sample, "sample", 20000, "most users that the client acts for")
	f.IntVar(&o.conns, "conns", 16, "connections")
	f.IntVar(&o.flood, "flood", 200, "connections of a login flood")
	f.Float64Var(&o.pace, "pace", 200, "reads or refreshes per second during a flood; 0: as many as possible")
	f.DurationVar(&o.idle, "idle", 5*time.Second, "time after start-up until idle memory is read")
	f.IntVar(&o.starts, "starts", 5, "start-ups, of which the median counts")
	f.StringVar(&o.write, "write", "", "directory for the results (default a temporary one)")
	f.BoolVar(&o.check, "check", false, "exit with an error if a target is missed")
	f.StringVar(&o.binary, "binary", "", "program to measure (default: build it)")
	f.StringVar(&o.peer, "peer", "", "URL of another service to measure instead")
	f.StringVar(&o.peerUsers, "peer-users", "", "file with the peer's users: a name and a password on each line, separated by a tab")
	f.StringVar(&o.paths.token, "token-path", "/token", "the peer's token endpoint")
	f.StringVar(&o.paths.profile, "profile-path", "", "the peer's profile, for a bearer token")
	f.StringVar(&o.paths.jwks, "jwks-path", "", "the peer's public keys")
	if err := f.Parse(arguments); err != nil {
		return o, err
	}
	o.engines, o.rows = list(engines), list(rows)
	return o, o.validate()
}

func (o options) validate() error {
	for _, key := range o.rows {
		if !slices.Contains(rowKeys(), key) {
			return fmt.Errorf("no row %q; choose from %s", key, strings.Join(rowKeys(), ", "))
		}
	}
	for _, e := range o.engines {
		if e != string(postgres) && e != string(sqlite) {
			return fmt.Errorf("no engine %q; choose from sqlite, postgres", e)
		}
	}
	switch {
	case o.seconds <= 0 || o.rounds < 1 || o.users < 2 || o.sample < 2 || o.conns < 1 || o.flood < 2 || o.starts < 1 || o.pace < 0:
		return errors.New("seconds, rounds, conns and starts must be positive; users, sample and flood at least 2; pace not negative")
	case o.replicas < 1 || o.replicas > 1 && slices.Contains(o.engines, string(sqlite)):
		return errors.New("replicas must be positive; several need -engines postgres")
	case o.peer == "" && o.server == "" && slices.Contains(o.engines, string(postgres)):
		return errors.New("TEST_DATABASE_URL is not set: run `make bench`, or choose -engines sqlite")
	case o.peer != "" && o.peerUsers == "":
		return errors.New("a peer needs -peer-users")
	}
	return nil
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
