// Package statistics owns the counts of what happens in each hour, and the findings that need attention.
//
// Events are counted in memory and added to the row of the hour by the background work of each replica, so
// that a sign-in costs no more for being counted, and a list of hours costs the same with any number of
// users. After a crash the counts of the last seconds are missing.
//
//   - statistics.go: counting, and the background work that stores the counts
//   - series.go: reading hours, and adding them up to days
//   - finding.go: what needs attention
//   - store.go: the store interface
package statistics
