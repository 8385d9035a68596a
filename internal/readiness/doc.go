// Package readiness finds out whether this replica can do its work, by a few checks that are run
// together, within a time limit, and at most once a second however often they are asked for.
//
// It owns when and how checks run. What they check is decided by those who make them, in cmd.
package readiness
