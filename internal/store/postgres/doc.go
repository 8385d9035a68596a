// Package postgres keeps users, clients, sessions, one-time tokens, signing keys, throttle states,
// jobs, hooks and the audit log in PostgreSQL, for one process or for many replicas.
//
// It owns its SQL, the pool and its time limits, running the migrations, and the translation of
// driver errors into the domain's. Every method is one atomic act: one statement, one pipelined
// batch, or, where a statement depends on what another has found, a transaction. What is noted of a
// change is part of its statement. It leaves all rules to account, oauth, hook, outbox and throttle,
// and replication and failover to PostgreSQL.
//
// The time limits are sent as start-up parameters. Behind PgBouncer, name them in its
// ignore_startup_parameters, set default_query_exec_mode=exec in the URL, and run migrations over
// a direct connection: their advisory lock belongs to a session.
package postgres
