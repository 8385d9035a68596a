// Package throttle says how many tries a caller has. It is a GCRA: of each key the store keeps one
// time, the theoretical arrival time, and a decision is a function of now and that time alone.
//
// It owns the lanes and their figures and the keys by which tries are counted, which are MACs, so
// that the table names nobody. It does not know what is tried; the stores keep the times.
package throttle
