// Package userfile reads and writes users as files: NDJSON, CSV and Keycloak exports.
//
//   - reader.go: records one by one, in bounded memory; lines.go splits the input
//   - json.go, csv.go, keycloak.go: one record of each format
//   - writer.go: what export writes; field.go: the fields of a record, which both directions share
//
// Which records are acceptable is decided by account.
package userfile
