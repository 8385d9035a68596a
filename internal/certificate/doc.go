// Package certificate owns the TLS certificate of the service: it reads the pair of files, and reads them
// again when they have changed, so that a renewed certificate needs no restart.
//
//   - files.go: the pair of files, and when it is read again
//
// The settings belong to config, the listener to cmd/latchkey.
package certificate
