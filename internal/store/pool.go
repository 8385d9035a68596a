package store

import "time"

// Pool is the state of a pool of connections.
type Pool struct {
	Name     string        // postgres; writer and readers of SQLite
	Max      int           // connections that may be open
	Open     int           // connections that are open
	InUse    int           // connections that are in use
	Waits    int64         // how often a caller had to wait for a connection
	WaitTime time.Duration // how long callers have waited, in total
}

// Health is what a database says about itself.
type Health struct {
	Engine  string    // PostgreSQL or SQLite
	Version string    // for example 17.2
	Time    time.Time // the clock of the database server, UTC; zero for SQLite, which has none of its own
}
