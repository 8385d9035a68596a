// Package sqlite stores users, roles, clients, sessions, one-time tokens, signing keys, rate-limit
// states, outbox jobs, webhooks and the audit log in one SQLite file. It is the embedded database with
// which Latchkey starts.
//
// It owns its SQL, the settings of every connection, the migration lock between processes, and the
// translation of driver errors into domain errors. There is one writer, whose transactions are
// immediate and may have the changes of several callers, and several readers, which never wait for it. The
// audit event and the outbox jobs of a change are stored in its transaction. It leaves all rules to
// account, oauth, hook, outbox and throttle, and what is equal in both engines to store.
//
//   - sqlite.go: Open, Close and Ping; config.go: the settings of a connection
//   - migrate.go: the provider of the migrations; file_lock.go: the lock between processes
//   - query.go: running statements; statements.go: prepared ones; write.go: transactions of one or several changes
//   - memory.go, wal_index_unix.go: rows that are remembered; changes.go: those that a transaction may have changed
//   - values.go: times and lists as arguments
//   - errors.go: driver errors
//   - change_record.go: the audit event and the jobs of a change
//   - users.go, users_list.go, users_update.go, users_import.go, roles.go, one_time_tokens.go: account
//   - sessions.go, clients.go, client_sessions.go, ended_sessions.go: oauth; signing_keys.go: the signing keys
//   - audit.go, outbox.go, hooks.go, throttle.go, known_networks.go, statistics.go: the stores of these packages
//   - instance.go: the id of the database; health.go: its state; upkeep.go: checks, copies and checkpoints of the file
//   - service_lock.go: the lock of the one service of a file
//
// Several processes on the same machine may open the file, as the commands do while the server runs.
// It must not be on a network file system, where the locks of SQLite do not work.
package sqlite
