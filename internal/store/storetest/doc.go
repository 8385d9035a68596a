// Package storetest is the conformance suite of the store interfaces: one test for each promise of the interfaces
// in Store. Each test runs on a fresh store.
//
// Run tests a whole engine. RunAccounts tests the part that account needs, which the store of package
// memory implements as well. Each engine tests what only it has: driver errors, connection settings
// and locks.
//
//   - suite.go: Run, RunAccounts and the interfaces they test
//   - fixtures.go, helpers.go: values to store, and what the tests share
//   - users*.go, last_admin.go, roles.go, one_time_tokens.go: account
//   - audit.go, outbox.go, change_record*.go: the audit log, the outbox, and the record of a change
//   - sessions*.go, clients.go, client_*.go, ended_sessions.go: oauth; remembered.go: sessions and clients in memory
//   - signing_keys.go, hooks.go, throttle.go, known_networks.go, statistics.go, instance.go: the stores of
//     these names
//   - context.go: canceled and expired contexts; migrate.go: the migrations
//   - migrate_versions.go, processes.go, query_plans.go, postgres.go: helpers for the tests of the engines
package storetest
