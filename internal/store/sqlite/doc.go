// Package sqlite keeps users, clients, sessions, one-time tokens, signing keys, throttle states,
// jobs, hooks and the audit log in one SQLite file: the embedded database with which Latchkey starts.
//
// It owns its SQL, the settings of every connection, running the migrations
// under a lock between processes, and the translation of driver errors into the domain's. There is
// one writer, whose transactions are immediate, and several readers, which never wait for it. It
// leaves all rules to account, oauth, hook, outbox and throttle.
//
// Several processes may open one file, as the commands do beside a running server, but only on one
// machine: SQLite's locks do not hold on network file systems.
package sqlite
