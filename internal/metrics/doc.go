// Package metrics owns what Prometheus sees of the service: the names, the labels and the help of every
// metric. It reads the domain through small functions, and no package of the domain imports it.
//
//   - metrics.go: the registry, and the counters that the service reports events to
//   - sources.go: what is read when Prometheus asks
//   - collector.go: the collector of the sources
//
// Labels have few values: operations of the contract, statuses, names of rate limits. No label is a
// user, a path or an address. The listener that serves the metrics belongs to cmd/latchkey.
package metrics
