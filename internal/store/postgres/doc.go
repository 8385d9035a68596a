// Package postgres keeps users, clients, sessions, signing keys and throttle states in PostgreSQL,
// for one process or for many replicas.
//
// It owns its SQL, one text per method, the pool and its time limits, running the migrations, and
// the translation of driver errors into the domain's. Every method is one statement or one
// pipelined batch, so that it is one atomic act. It leaves all rules to account, oauth and throttle,
// and replication and failover to PostgreSQL.
//
// The time limits are sent as start-up parameters. Behind PgBouncer, name them in its
// ignore_startup_parameters, set default_query_exec_mode=exec in the URL, and run migrations over
// a direct connection: their advisory lock belongs to a session.
package postgres
