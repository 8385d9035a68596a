//go:build unix

// Bench measures Latchkey and, in the same run, what the machine can do at best. It builds the
// service, starts it on loopback with a temporary database, drives it over HTTP, and compares each rate
// with a limit: a program that does only the part of the work that cannot be avoided.
// docs/performance/README.md explains the rows, the limits and the flags.
//
//   - main.go, options.go: the command
//   - run.go, rows.go, flood.go: what is measured, in which order
//   - targets.go: the ratios and times that are to be met
//   - load.go, conn.go, operations.go: the client
//   - stats.go: percentiles
//   - service.go, memory.go: the service as a process; database_cost.go: what the database server does for it
//   - world.go, populate.go, sessions.go: databases with users and usable sessions
//   - limits.go, limit_echo.go, limit_flood.go, limit_hash.go, limit_rotation.go: the limits
//   - peer.go: another service instead of Latchkey
//   - report.go, plot.go, svg.go, machine.go: the results
package main
