// Package userfile reads and writes users as files: NDJSON, CSV, and exports of Keycloak and MongoDB.
//
//   - reader.go: records one by one, in bounded memory; lines.go splits the input
//   - json.go, csv.go, keycloak.go, codevoweb.go, fastapi_users.go: one record of each format
//   - mongo.go: the extended JSON of mongoexport
//   - writer.go: what export writes; field.go: the fields of a record, which both directions share
//
// Which records are acceptable is decided by account.
package userfile
