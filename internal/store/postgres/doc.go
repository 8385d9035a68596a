// Package postgres stores users, roles, clients, sessions, one-time tokens, signing keys, rate-limit
// states, outbox jobs, webhooks and the audit log in PostgreSQL, for one process or many replicas.
//
// It owns its SQL, the connection pool with its timeouts, the migration lock, and the translation of
// driver errors into domain errors. Every method is atomic: one statement, one pipelined batch, or a
// transaction where a statement depends on the result of another. Simultaneous reads of sessions or
// clients share a statement, and so do simultaneous rotations. The audit event and the outbox jobs of a
// change are part of its statement. It leaves all rules to account, oauth, hook, outbox and
// throttle, what is equal in both engines to store, and replication and failover to PostgreSQL.
//
//   - postgres.go: Open, Close and Ping; config.go: the URL, timeouts and server settings
//   - migrate.go: the provider and the lock of the migrations; adopt.go: the users of a
//     tutorial in the same database
//   - query.go: running statements, batches and transactions; values.go: times, ids and lists as arguments
//   - reads.go: reads by id that share a statement; snapshot.go: when rows need not be read again
//   - errors.go: driver errors; connect_error.go: the one-line error of Open
//   - change_record.go: the audit event and the jobs of a change
//   - users.go, users_list.go, users_update.go, users_import.go, roles.go, one_time_tokens.go: account
//   - sessions.go, sessions_read.go, sessions_rotate.go, clients.go, client_sessions.go, ended_sessions.go: oauth
//   - signing_keys.go: the signing keys
//   - audit.go, outbox.go, hooks.go, throttle.go, known_networks.go, statistics.go: the stores of these packages
//   - instance.go: the id of the database; health.go: its state; silence.go: a server that does not respond
//
// The timeouts are sent as startup parameters. Behind PgBouncer, list them in its
// ignore_startup_parameters and set default_query_exec_mode=exec in the URL. The advisory lock of the
// migrations belongs to a transaction, so that they too may run through a pooler.
package postgres
